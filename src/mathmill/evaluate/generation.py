"""Completions of benchmark prompts, kept in parts on disk so that a killed evaluation goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.rl.rollout import Completion, sample
from mathmill.workflow.files import read_jsonl, write_jsonl

PART = 128  # prompts of one part where each has one completion: the most that a kill can cost
_SAMPLED = 256  # completions of one part otherwise
_CELLS = 1 << 26  # query-key pairs of one batch: the mask of 256 prompts of 512 tokens, and no more for longer ones


@dataclass(frozen=True)
class Decoding:
    """How completions are drawn; temperature 0 is greedy."""

    n: int
    temperature: float
    top_p: float
    max_new_tokens: int
    seed: int
    stop: tuple[str, ...] = ()


def complete(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    decoding: Decoding,
    *,
    cache: Path,
    model_digest: str,
    batch_rows: int,
    progress: Callable[[int], None] | None = None,
) -> list[list[Completion]]:
    """`decoding.n` completions of every prompt, in order.

    A part is keyed by the model's digest, the decoding and its prompts. progress is called with numbers of prompts.
    """
    results: list[list[Completion]] = []
    size = PART if decoding.n == 1 else max(1, _SAMPLED // decoding.n)
    for start in range(0, len(prompts), size):
        part = list(prompts[start : start + size])
        file = cache / f"{_key(model_digest, decoding, part)}.jsonl"
        if file.is_file():
            done = [[Completion(**one) for one in row["completions"]] for row in read_jsonl(file)]
            if progress:
                progress(len(part))
        else:
            done = sample(
                model,
                tokenizer,
                part,
                n=decoding.n,
                temperature=decoding.temperature,
                top_p=decoding.top_p,
                max_new_tokens=decoding.max_new_tokens,
                # Another stream of random numbers for each part; a part's size depends on n alone.
                seed=decoding.seed * 100_003 + start // size,
                batch_rows=min(batch_rows, _rows(tokenizer, part) * decoding.n),
                stop=decoding.stop,
                progress=progress,
            )
            write_jsonl(file, ({"completions": [vars(one) for one in row]} for row in done))
        results.extend(done)
    return results


def _rows(tokenizer: Any, prompts: list[str]) -> int:
    """How many of these prompts fit into one batch: few-shot prompts may be ten times as long as others."""
    longest = max(prompts, key=lambda prompt: len(prompt.encode()))
    return max(1, _CELLS // max(1, len(tokenizer(longest)["input_ids"])) ** 2)


def _key(model_digest: str, decoding: Decoding, prompts: list[str]) -> str:
    settings = json.dumps([model_digest, vars(decoding), prompts], sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()[:32]
