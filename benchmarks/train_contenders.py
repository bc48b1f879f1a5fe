"""What benchmarks/train.py compares: the three contenders, each in a process of its own, and what all of them read."""

import argparse
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from turns import Turns, child, say

OURS, LOOP, TRAINER = "mathmill", "loop", "transformers"
CONTENDERS = (OURS, LOOP, TRAINER)
CHECKED = 30  # steps of the comparison
SHAPES: dict[str, dict[str, int]] = {  # name -> what differs from the scale of that name, or from scale=1b
    "laptop": {},
    "gpu": {},
    "0.5b": {"hidden": 1280, "layers": 24, "heads": 10, "kv_heads": 10, "ffn": 3456},
    "1b": {},
}
SOURCES = {"corpus": 0.75, "code": 0.25}


def section_of(shape: str) -> Any:
    """The section `pretrain` of a scale, with one run on two sources after a short warm-up."""
    from mathmill.pretrain.config import RunConfig
    from mathmill.workflow.composition import compose_conf

    root = Path(__file__).resolve().parents[1]
    section = compose_conf(root, [f"scale={'1b' if SHAPES[shape] else shape}"]).pretrain
    section.model = replace(section.model, vocab=section.model.vocab or 1536, **SHAPES[shape])
    section.runs = {"base": RunConfig(mixture=SOURCES, warmup=8)}
    return section


def sectioned(given: argparse.Namespace) -> Any:
    """The section of --shape with the batch and the budget of this call."""
    section = section_of(given.shape)
    section.batch = given.batch or section.batch
    steps = CHECKED if given.check else (given.rounds + 1) * given.steps
    section.runs["base"].tokens = steps * section.batch * section.context
    return section


def prepare(work: Path, section: Any, steps: int) -> None:
    """init/ (weights and tokenizer), tokens/ (two sources), rows.pt: the batches of all steps, for the peers."""
    import numpy
    import torch
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    from mathmill.pretrain.mixture import Mixture
    from mathmill.pretrain.module import batches
    from mathmill.pretrain.source import Source
    from mathmill.training.model import build, identity, save
    from mathmill.workflow.files import write_json

    names = ["<bos>", "<eos>", "<pad>", *(f"w{place}" for place in range(3, 1000))]
    raw = Tokenizer(models.WordLevel({name: place for place, name in enumerate(names)}, "<pad>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")
    save(build(section.model, tokenizer, 0), tokenizer, work / "init")
    draw = numpy.random.default_rng(0)
    for name in SOURCES:
        folder = work / "tokens" / name
        folder.mkdir(parents=True)
        dtype = "uint16" if section.model.vocab <= 1 << 16 else "uint32"
        for part, count in (("", 4000), ("heldout_", 2)):
            lengths = draw.integers(20, 400, count)
            ids = 3 + (draw.random(int(lengths.sum())) ** 3 * (section.model.vocab - 3)).astype(dtype)
            ids.tofile(folder / ("tokens.bin" if not part else "heldout.bin"))
            numpy.cumsum([0, *lengths], dtype="uint64").tofile(folder / f"{part}documents.bin")
        total = int(numpy.fromfile(folder / "documents.bin", "uint64")[-1])
        counts = {"tokens": total, "bytes": 4 * total}
        write_json(folder / "index.json", {"train": counts, "dtype": dtype, "tokenizer": identity(tokenizer)})
    sources = {name: Source(work / "tokens" / name, section.seed) for name in SOURCES}
    make = batches(sources, Mixture(SOURCES, section.seed), section.batch, section.context, False)
    rows = torch.cat([make(step, 0, 1)["input_ids"] for step in range(steps)])
    torch.save(rows, work / "rows.pt")


class Host:
    """What `train` needs of a stage: no store, and a bar that says when a step is over."""

    name = "pretrain"

    def __init__(self, scratch: Path, turns: Turns, threads: int, every: int) -> None:
        from mathmill.workflow.config import RuntimeConfig

        self.scratch, self.turns, self.run = scratch, turns, self
        self.runtime = RuntimeConfig(threads=threads, progress=False, log_every=every, checkpoint_every_seconds=1e9)
        self.runtime.trainer.accelerator = "gpu" if turns.device == "cuda" else "cpu"
        self.runtime.trainer.precision_matmul = "high" if turns.device == "cuda" else "highest"
        self.rows: list[dict[str, float]] = []

    def metrics(self, values: dict[str, float], step: int) -> None:
        self.rows.append(values)

    def flush(self) -> None:
        """Nothing waits."""

    @contextmanager
    def progress(self, total: int, description: str, unit: str) -> Any:
        yield self

    def update(self, n: int) -> None:
        if n:
            self.turns.step()
        else:
            self.turns.begin()


def run_ours(work: Path, section: Any, turns: Turns, threads: int, every: int) -> tuple[list[float], Any]:
    """(losses, the trained model)."""
    from mathmill.pretrain.train import train
    from mathmill.training.model import load

    host = Host(work / f"scratch-{os.getpid()}", turns, threads, every)
    out = work / f"out-{os.getpid()}"
    train(host, "base", section, work / "tokens", work / "init", out)
    return [row["train/loss"] for row in host.rows if "train/loss" in row], load(out)


def peers_start(work: Path, section: Any, steps: int, device: str) -> tuple[Any, Any, Any]:
    """Model, rows (all steps x batch, T), and the factor of each step's learning rate."""
    import torch
    from transformers import LlamaForCausalLM

    from mathmill.training.schedule import multi_step

    model = LlamaForCausalLM.from_pretrained(work / "init", dtype=torch.float32).to(device).train()
    factor = multi_step(section.runs["base"].warmup, steps)
    return model, torch.load(work / "rows.pt"), factor


def run_loop(work: Path, section: Any, turns: Turns, steps: int, every: int) -> tuple[list[float], Any]:
    import torch

    model, rows, factor = peers_start(work, section, steps, turns.device)
    optim = section.optim
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": optim.weight_decay},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    betas = (optim.beta1, optim.beta2)
    optimizer = torch.optim.AdamW(groups, lr=optim.lr, betas=betas, eps=optim.eps, fused=True)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    parameters = list(model.parameters())
    losses = []
    turns.begin()
    for step in range(steps):
        ids = rows[step * section.batch : (step + 1) * section.batch].to(turns.device)
        with torch.autocast(turns.device, torch.bfloat16, enabled=turns.device == "cuda"):
            loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, optim.clip)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        if (step + 1) % every == 0:
            losses.append(float(loss.detach()))
        turns.step()
    return losses, model


def run_trainer(work: Path, section: Any, turns: Turns, steps: int, every: int) -> tuple[list[float], Any]:
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    model, rows, factor = peers_start(work, section, steps, turns.device)
    optim = section.optim
    losses: list[float] = []

    class Rows(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            return {"input_ids": rows[index], "labels": rows[index]}

    class Scheduled(Trainer):
        """The schedule of the comparison, which has no name in transformers; and the losses of the check."""

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
            return self.lr_scheduler

        def training_step(self, *given: Any, **named: Any) -> Any:
            loss = super().training_step(*given, **named)
            if not turns.steps:
                losses.append(float(loss))
            return loss

    class Steps(TrainerCallback):
        def on_train_begin(self, *given: Any, **named: Any) -> None:
            turns.begin()

        def on_step_end(self, *given: Any, **named: Any) -> None:
            turns.step()

    args = TrainingArguments(
        output_dir=str(work / f"out-{os.getpid()}"),
        max_steps=steps,
        per_device_train_batch_size=section.batch,
        learning_rate=optim.lr,
        adam_beta1=optim.beta1,
        adam_beta2=optim.beta2,
        adam_epsilon=optim.eps,
        weight_decay=optim.weight_decay,
        max_grad_norm=optim.clip,
        train_sampling_strategy="sequential",
        logging_steps=every,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=turns.device == "cpu",
        bf16=turns.device == "cuda",
    )
    Scheduled(model=model, args=args, train_dataset=Rows(), callbacks=[Steps()]).train()
    return losses, model


def contend(given: argparse.Namespace) -> None:
    """One contender in a process of its own: turns, or with --check the report of its first steps."""
    import torch

    child(given.threads)
    section, check = sectioned(given), given.check
    steps = CHECKED if check else (given.rounds + 1) * given.steps
    turns = Turns(0 if check else given.steps, given.device)
    seen = hashlib.sha256()

    def watch(module: torch.nn.Module, inputs: Any) -> None:
        if isinstance(module, torch.nn.Embedding) and torch.is_grad_enabled():
            seen.update(inputs[0].cpu().numpy().tobytes())

    hook = torch.nn.modules.module.register_module_forward_pre_hook(watch) if check else None
    every = 1 if check else 10
    if given.child == OURS:
        losses, model = run_ours(given.work, section, turns, given.threads, every)
    else:
        run = run_loop if given.child == LOOP else run_trainer
        losses, model = run(given.work, section, turns, steps, every)
    if hook is not None:
        hook.remove()
        place = given.work / f"trained-{given.child}.pt"
        torch.save({name: value.detach().cpu() for name, value in model.named_parameters()}, place)
        say(json.dumps({"losses": losses, "seen": seen.hexdigest()}))
