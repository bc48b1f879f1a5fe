"""The shard functions of a round: score the pages, and write the pages that were collected."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mathmill.corpus.classifier import load, score_texts
from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.cut import Threshold
from mathmill.corpus.wording import count_tokens
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_parquet, write_parquet
from mathmill.workflow.tables import SCORE, SCORED_PAGE

_models: dict[tuple[str, int, int], Any] = {}


def score_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Score every page of one shard; inputs: the pages and the classifier.

    The float score is kept, so that every later cut can be made from it.
    """
    pages, model_file = shard.inputs
    model = _model(model_file)
    settings = ClassifierConfig(**params["classifier"])
    table = read_parquet(pages, columns=["url", "text"])
    texts = table.column("text").to_pylist()
    scores = score_texts(model, texts, settings)
    tokens = [count_tokens(text) for text in texts]
    write_parquet(out, pa.table([table.column("url"), scores, tokens], names=SCORE().names), SCORE())
    return {"pages": len(texts), "tokens": sum(tokens)}


def _model(path: Path) -> Any:
    """One model a process: 2.1 GB at the paper's size, so it is not loaded again for every shard."""
    stat = os.stat(path)
    slot = (str(path), stat.st_size, stat.st_mtime_ns)
    if slot not in _models:
        _models.clear()
        _models[slot] = load(path)
    return _models[slot]


def collect_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Write the collected pages of one shard with their scores; inputs: the pages and their scores."""
    pages, scored = read_parquet(shard.inputs[0]), read_parquet(shard.inputs[1])
    threshold = Threshold(**params["threshold"])
    scores = scored.column("score").to_numpy()
    kept = threshold.keeps(scores, scored.column("url").to_pylist())
    table = pages.append_column("score", scored.column("score")).filter(pa.array(kept))
    write_parquet(out, table, SCORED_PAGE())
    return {"pages": table.num_rows, "tokens": int(np.sum(scored.column("tokens").to_numpy()[kept]))}
