"""Instruction tuning from files of solved questions to a model that answers by the chat template."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import xxhash
from transformers import PreTrainedTokenizerFast

from mathmill.sft.config import SftConfig
from mathmill.sft.encode import Encoded, encode
from mathmill.sft.module import SftModule, batches, validation_loss
from mathmill.sft.packing import Packed
from mathmill.sft.readers import Example, read_examples
from mathmill.training import devices, template
from mathmill.training.data import rows_of
from mathmill.training.model import load, load_tokenizer, save
from mathmill.training.schedule import schedule_of
from mathmill.training.size import flops_per_token
from mathmill.training.trainer import Host, fit
from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError


def chosen(paths: Sequence[Path], config: SftConfig) -> list[Example]:
    """The examples of the wanted forms and languages; UserError where none is left."""
    examples = [
        example
        for example in read_examples(paths, config.reader, config.fields)
        if example.format in config.formats and (not config.languages or example.lang in config.languages)
    ]
    if not examples:
        raise UserError(f"{paths[0]}: no example passes sft.formats={config.formats}, sft.languages={config.languages}")
    return examples


def is_validation(example: Example, share: float) -> bool:
    """Whether an example is kept from training: by its question, so that its other solutions are kept as well."""
    return xxhash.xxh3_64_intdigest(example.question.encode()) / 2**64 < share


def prepared(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerFast, config: SftConfig
) -> tuple[list[Encoded], list[Encoded], int]:
    """(training examples, validation examples, how many were too long for the context and are left out)."""
    training: list[Encoded] = []
    validation: list[Encoded] = []
    too_long = 0
    for example in examples:
        encoded = encode(example, tokenizer, config.suffixes, config.tool_output)
        if len(encoded) > config.context:
            too_long += 1
        else:
            (validation if is_validation(example, config.validation) else training).append(encoded)
    if not training:
        raise UserError(f"no example to train on: {too_long} of {len(examples)} are longer than sft.context")
    return training, validation, too_long


def train(stage: Host, config: SftConfig, checkpoint: Path, instruct: Sequence[Path], out: Path) -> dict[str, Any]:
    """Tune the model of folder `checkpoint` on `instruct`, save it to `out` (rank 0), return the report."""
    devices.prepare(stage.runtime)
    tokenizer = load_tokenizer(checkpoint)
    model = load(checkpoint, stage.runtime.trainer.attention)
    if model.config.max_position_embeddings < config.context:
        raise UserError(
            f"sft.context={config.context}: {checkpoint} has {model.config.max_position_embeddings} positions"
        )
    examples = chosen(instruct, config)
    training, held, too_long = prepared(examples, tokenizer, config)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    packed = Packed([len(example) for example in training], config.context, config.seed)
    steps = config.steps or max(1, round(packed.count(config.epochs) / config.batch))
    trainer = stage.runtime.trainer
    if config.isolate and trainer.attention == "flash_attention_2" and stage.runtime.micro_batch != 1:
        raise UserError(
            "sft.isolate: with runtime.trainer.attention=flash_attention_2 transformers keeps documents apart only in "
            "passes of one sequence; set runtime.micro_batch=1, or another attention"
        )
    module = SftModule(model, config.optim, schedule_of(config.optim, steps), steps)
    module.flops_per_token = flops_per_token(model.config, config.context)
    fit(module, batches(training, packed, config.batch, pad, config.isolate), steps, stage, seed=config.seed)
    if rank() > 0:
        return {}
    template.attach(tokenizer, config.suffixes)
    save(module.model, tokenizer, out)
    torch.nn.Module.to(module.model, devices.device(stage.runtime))  # transformers hides the signature of its own
    sequences = packed.count(1)
    return {
        "examples": len(training),
        "formats": dict(Counter(example.format for example in examples)),
        "languages": dict(Counter(example.lang for example in examples)),
        "too_long": too_long,
        "steps": steps,
        "epochs": round(steps * config.batch / sequences, 4),
        "tokens": steps * config.batch * config.context,
        "filled": round(sum(packed.lengths) / (sequences * config.context), 4),
        "validation": validation_loss(module.model, held, config.context, pad, rows_of(config.batch, config.context)),
        "history": module.history,
    }
