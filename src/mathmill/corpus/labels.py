"""Draw pages by band of score, to be labelled by hand where there is no ground truth (the paper is silent).

The pages of a round are cut into bands of score, collected and left apart. From each band as many pages are drawn, so
that the few pages near the cut are looked at as closely as the many far below it; every band then counts by its size.
"""

from dataclasses import dataclass
from heapq import nsmallest
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from mathmill.corpus.cut import Threshold
from mathmill.corpus.estimates import KIND, identity
from mathmill.corpus.preview import preview, shorten
from mathmill.workflow.engine import shard_paths
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, read_parquet, write_jsonl

BANDS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
Drawn = tuple[float, str, int]  # random number, shard, row in it


@dataclass
class Stratum:
    """A band of score, collected or left: its pages and tokens, and the rows drawn from it so far."""

    low: float
    high: float
    kept: bool
    pages: int
    tokens: int
    rows: list[Drawn]

    @property
    def name(self) -> str:
        """`collected, 0.900 to 0.990`."""
        return f"{'collected' if self.kept else 'left'}, {self.low:g} to {self.high:g}"


def draw_sample(corpus: Path, pages: Path, number: int, path: Path, per_band: int, seed: int, chars: int) -> int:
    """Write `per_band` pages of each band of a round to a file with a field `label` to fill; returns their number.

    The first line of the file holds the sizes of the bands; pages follow in a drawn order and without their scores, so
    that whoever labels is not led by them. UserError where the file exists, for it may hold labels.
    """
    if path.exists():
        raise UserError(f"{path}: exists already and may hold labels; remove it, or name another file")
    folder = corpus / f"round_{number}"
    report = read_json(folder / "round.json")
    threshold = Threshold(**{name: report["threshold"][name] for name in ("bin", "bucket", "bins")})
    strata = [one for one in _strata(folder, threshold, per_band, seed) if one.pages]
    texts = {file.stem: file for file in shard_paths(pages)}
    chosen = sorted((drawn, place) for place, one in enumerate(strata) for drawn in one.rows)
    shown = _texts(texts, [drawn for drawn, _ in chosen], chars)
    head = {
        "kind": KIND,
        "how": "set `label` of every line to true (the page belongs to the domain) or false; null: not looked at",
        "round": number,
        "corpus": identity(report),
        "bands": [{"name": one.name, "kept": one.kept, "pages": one.pages, "tokens": one.tokens} for one in strata],
    }
    rows = [{"band": place, **shown[drawn], "label": None} for drawn, place in chosen]
    return write_jsonl(path, [head, *rows]) - 1


def _strata(folder: Path, threshold: Threshold, per_band: int, seed: int) -> list[Stratum]:
    """Sizes of all bands and the lowest of the numbers drawn for their rows, shard by shard."""
    ends = [0.0, *BANDS, 1.0]
    bounds = list(pairwise(ends))
    found = [Stratum(low, high, kept, 0, 0, []) for kept in (True, False) for low, high in reversed(bounds)]
    for file in shard_paths(folder / "scores"):
        table = read_parquet(file)
        scores, tokens = table.column("score").to_numpy(), table.column("tokens").to_numpy()
        mask = threshold.keeps(scores, table.column("url").to_pylist())
        places = np.searchsorted(np.array(BANDS), scores, side="right")
        numbers = np.random.default_rng([seed, xxhash.xxh3_64_intdigest(file.stem.encode())]).random(len(scores))
        for one in found:
            members = np.flatnonzero((places == ends.index(one.low)) & (mask == one.kept))
            one.pages += len(members)
            one.tokens += int(tokens[members].sum())
            here = [(float(numbers[row]), file.stem, int(row)) for row in members]
            one.rows = nsmallest(per_band, [*one.rows, *here])
    return found


def _texts(files: dict[str, Path], drawn: list[Drawn], chars: int) -> dict[Drawn, dict[str, Any]]:
    found: dict[Drawn, dict[str, Any]] = {}
    for shard in sorted({shard for _, shard, _ in drawn}):
        if shard not in files:
            raise UserError(f"the pages hold no shard {shard}, of which there are scores; run `dvc repro corpus` anew")
        table = read_parquet(files[shard], columns=["url", "lang", "text"])
        for one in drawn:
            if one[1] == shard:
                row = table.slice(one[2], 1).to_pylist()[0]
                text = row.pop("text")
                found[one] = {**row, **preview(text, 100), "text": shorten(text, chars)}
    return found
