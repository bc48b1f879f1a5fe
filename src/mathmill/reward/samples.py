"""The labelled samples that a reward model has learned from, kept in its folder for when it is trained on."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mathmill.reward.learn import Labelled
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_jsonl, write_jsonl

SAMPLES = "samples.jsonl"


def write_samples(folder: Path, samples: Sequence[Labelled]) -> None:
    """Put the samples beside the weights (transformers does not look at them)."""
    write_jsonl(folder / SAMPLES, [asdict(sample) for sample in samples])


def read_samples(folder: Path) -> list[Labelled]:
    """The samples of a reward model's folder; UserError where there are none: nothing could be replayed."""
    path = folder / SAMPLES
    if not path.exists():
        raise UserError(f"{path} is missing: the reward model cannot be trained on without the samples that made it")
    return [Labelled(**row) for row in read_jsonl(path)]
