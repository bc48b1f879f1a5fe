"""Sampling and labelling as a job of shards: some questions each, finished ones stay finished (workflow/engine.py).

A shard is written as one table, a row a solution. A killed run loses the shards under way; random numbers belong to
questions, so it ends with the same bytes as one that nobody disturbed.
"""

from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mathmill.reward.config import RewardConfig
from mathmill.reward.labelling import Completer, Judged, label, sampled
from mathmill.rl.questions import read_questions
from mathmill.training import devices
from mathmill.training.model import cast, load, load_tokenizer
from mathmill.training.template import encode_prompt
from mathmill.workflow.config import RuntimeConfig
from mathmill.workflow.engine import PageGuard, Shard, processes, run_shards
from mathmill.workflow.files import read_parquet, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

SETS = ("train", "held_out")
_KEYED = ("seed", "outputs", "unique", "solutions", "verifier", "sampler_dtype")
_LISTS = ("prompt", "output", "ends", "right", "tries")


@dataclass
class LabelJob:
    """What the shard function needs beside its questions."""

    kind: str
    sampler: str
    config: RewardConfig
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)


def schema() -> "pa.Schema":
    """A solution (labelling.Judged); `question` is its question's place in the file."""
    import pyarrow as pa

    return pa.schema([("question", pa.int32()), *((name, pa.list_(pa.int32())) for name in _LISTS)])


def labelled_sets(
    kind: str, files: dict[str, Path], sampler: Path, config: RewardConfig, runtime: RuntimeConfig, folder: Path
) -> dict[str, list[Judged]]:
    """The judged solutions of each of SETS, made in shards in `folder` or read from there.

    files: the questions of each set. sampler: the model that writes solutions and completes their steps.
    """
    counts = {"train": config.train_questions, "held_out": config.held_out_questions}
    shards = []
    for name in SETS:
        questions = len(read_questions(files[name]))
        last = min(questions, counts[name] or questions)
        for first in range(0, last, config.shard_questions):
            span = f"{first:07d}-{min(last, first + config.shard_questions):07d}"
            shards.append(Shard(f"{name}.{span}", (files[name],)))
    engine = runtime.engine
    if devices.device(runtime).type != "cpu":
        engine = replace(engine, backend="serial")  # one process, which has the accelerator
    if processes(engine, len(shards)) > 1:
        runtime = replace(runtime, threads=1)  # more threads than cores wait for each other: four times as slow
    done = run_shards(
        f"reward {kind}",
        judge,
        shards,
        folder,
        params=LabelJob(kind, str(sampler), config, runtime),
        engine=engine,
        uses=[sampler],
        keyed=_keyed(kind, config),
    )
    found: dict[str, list[Judged]] = {name: [] for name in SETS}
    for result in done:
        name = result.shard.key.partition(".")[0]
        found[name] += [Judged(**row) for row in read_parquet(result.path).to_pylist()]
    return found


def judge(shard: Shard, job: LabelJob, out: Path, guard: PageGuard) -> dict[str, Any]:
    """Shard function: sample solutions of the shard's questions and label them; a table of solutions."""
    devices.prepare(job.runtime)
    first, last = (int(place) for place in shard.key.partition(".")[2].split("-"))
    questions = read_questions(shard.inputs[0])[first:last]
    model, tokenizer = _loaded(job.sampler, str(devices.device(job.runtime)), job.config.sampler_dtype)
    completer = Completer(model, tokenizer, job.config, job.config.verifier)
    prompts = [encode_prompt(tokenizer, question.question, question.lang) for question in questions]
    judged = label(job.kind, questions, prompts, sampled(questions, prompts, completer), completer, job.config.seed)
    write_parquet(out, [{**asdict(one), "question": first + one.question} for one in judged], schema())
    return {"questions": len(questions), "solutions": len(judged), "right": sum(one.correct for one in judged)}


def _keyed(kind: str, config: RewardConfig) -> dict[str, Any]:
    """What changes the content of a shard, apart from its questions and the sampler."""
    names = [*_KEYED, *(("completions", "steps") if kind == "process" else ())]
    return {"kind": kind, **{name: getattr(config, name) for name in names}}


@lru_cache(maxsize=1)
def _loaded(folder: str, device: str, dtype: str) -> tuple[Any, Any]:
    """Model and tokenizer, kept by the worker from shard to shard."""
    return cast(load(Path(folder)), device, getattr(torch, dtype)).eval(), load_tokenizer(Path(folder))
