"""Models: built from a shape, loaded from and saved to Hugging Face folders (safetensors, never a pickle)."""

import json
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.models.llama.modeling_llama import LlamaConfig, LlamaForCausalLM

from mathmill.training.config import ModelShape
from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import publish, read_json, remove

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def llama_config(shape: ModelShape, tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """The transformers configuration of `shape`, with the special tokens and (unless set) the size of `tokenizer`."""
    if faults := shape.faults():
        raise ConfigError("\n".join(f"model.{key}: {complaint}" for key, complaint in faults.items()))
    if shape.vocab is not None and shape.vocab < len(tokenizer):
        raise ConfigError(f"model.vocab={shape.vocab} is smaller than the tokenizer ({len(tokenizer)} tokens)")
    return LlamaConfig(
        vocab_size=shape.vocab or len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=shape.ffn,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        rms_norm_eps=shape.norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        initializer_range=shape.init_std,
        tie_word_embeddings=shape.tie_embeddings,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def build(
    shape: ModelShape, tokenizer: PreTrainedTokenizerFast, seed: int = 0, attention: str = "sdpa"
) -> LlamaForCausalLM:
    """A fresh model: normal weights of `init_std`; the two projections that end a block are scaled by 1/sqrt(2 layers).

    The scaling (GPT-2's) keeps the variance of the residual stream independent of depth; the paper is silent on
    initialisation. On a `torch.device("meta")` context nothing is allocated.
    """
    config = llama_config(shape, tokenizer)
    config._attn_implementation = attention
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    parameter.mul_((2 * shape.layers) ** -0.5)
    return model


def has_weights(folder: Path) -> bool:
    """Whether a Hugging Face folder holds weights (a tokenizer folder alone does not)."""
    return any((Path(folder) / name).is_file() for name in WEIGHTS)


def require_model(folder: Path) -> None:
    """UserError unless a folder holds a model, in the form that is read here."""
    if not has_weights(folder) or not (Path(folder) / "config.json").is_file():
        raise UserError(f"{folder}: not a model folder (config.json and model.safetensors are needed)")


def load(folder: Path, attention: str = "sdpa") -> PreTrainedModel:
    """The causal language model of a Hugging Face folder, in float32; a folder without one raises UserError."""
    folder = Path(folder)
    _quieten()
    require_model(folder)
    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": attention, "local_files_only": True}
    kind: Any = LlamaForCausalLM
    if read_json(folder / "config.json").get("model_type") != "llama":
        # Only here: AutoModel imports a registry of every architecture, seconds for nothing.
        from transformers import AutoModelForCausalLM as kind
    try:
        model, found = kind.from_pretrained(folder, output_loading_info=True, **options)
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{folder}: the model cannot be loaded: {error}; is every file there, and whole?") from error
    if missing := sorted(found["missing_keys"]):  # transformers would draw them at random, with a warning
        raise UserError(f"{folder}: {len(missing)} weights are missing, such as {missing[0]}; is every file there?")
    loaded: PreTrainedModel = model
    return loaded


def cast(model: Any, device: torch.device | str, dtype: torch.dtype) -> Any:
    """The same model, moved to a device, with weights of another type; buffers keep theirs.

    Rotary frequencies are buffers. Rounded to bfloat16, as by `model.to(dtype)`, the angles of a token at position
    1,000 would be wrong by up to 1.2 radians (heads of 128).
    """
    for parameter in model.parameters():  # one by one: the device never holds the model in its former type
        parameter.data = parameter.data.to(device, dtype)
    torch.nn.Module.to(model, device)  # the buffers; transformers hides the signature of its own
    return model


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a Hugging Face folder.

    UserError for a folder without one, and for a tokenizer with ids that the model beside it has no embedding for.
    """
    folder = Path(folder)
    if not (folder / "tokenizer.json").is_file():
        raise UserError(f"{folder}: no tokenizer in it (tokenizer.json is needed)")
    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the library has no type of its own for what it cannot read
        raise UserError(f"{folder}/tokenizer.json cannot be read: {error}; copy it again") from error
    _forget_origin(tokenizer)
    rows = read_json(folder / "config.json").get("vocab_size") if (folder / "config.json").is_file() else None
    if rows is not None and len(tokenizer) > rows:
        raise UserError(
            f"{folder}: the tokenizer knows {len(tokenizer)} tokens and the model {rows} (vocab_size in config.json); "
            "they are not of one model, or tokens were added to one of them alone"
        )
    return tokenizer


def identity(tokenizer: PreTrainedTokenizerFast) -> str:
    """A hash of which token has which id: equal for tokenizers whose ids mean the same."""
    vocabulary = json.dumps(tokenizer.get_vocab(), sort_keys=True, ensure_ascii=True)
    return xxhash.xxh3_128_hexdigest(vocabulary.encode())


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write model and tokenizer as one Hugging Face folder, replaced as a whole; equal weights give equal bytes."""
    folder = Path(folder)
    beside = folder.with_name(f".{folder.name}.saving")
    remove(beside)
    _quieten()
    _forget_origin(tokenizer)
    model.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    publish(beside, folder)
    remove(beside)


def parameter_count(model: torch.nn.Module) -> int:
    """Number of parameters, each tied matrix counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _forget_origin(tokenizer: PreTrainedTokenizerFast) -> None:
    """Drop how the tokenizer was loaded: transformers would write it into the folder, and the bytes would differ."""
    for key in ("is_local", "local_files_only"):
        tokenizer.init_kwargs.pop(key, None)


def _quieten() -> None:
    """Switch off the progress bars of transformers: a bar for each of our small files says nothing."""
    from transformers.utils import logging

    logging.disable_progress_bar()
