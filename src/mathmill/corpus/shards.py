"""The shard functions of a round: score the pages, add up histograms, cut, and write what the last round collected.

A shard knows nothing of the others. What a round must know of all pages (how many tokens above a score, how many pages
of a host) are sums over shards.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mathmill.corpus.classifier import score_texts
from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.cut import BUCKETS, Threshold, bin_of, histogram, url_bucket
from mathmill.corpus.hosts import count_hosts
from mathmill.corpus.linear import Linear
from mathmill.corpus.tables import BINS, KEPT
from mathmill.corpus.wording import count_tokens
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_parquet, write_parquet
from mathmill.workflow.rows import RowWriter, read_groups
from mathmill.workflow.tables import HOST, SCORE, SCORED_PAGE

KEPT_FILE, HOSTS_FILE = "kept.parquet", "hosts.parquet"
_models: dict[tuple[str, int, int], Linear] = {}


def score_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Score every page of one shard; inputs: the pages and the classifier.

    The float score is kept, so that every later cut can be made from it.
    """
    pages, model_file = shard.inputs
    model = _model(model_file)
    settings = ClassifierConfig(**params["classifier"])
    urls: list[str] = []
    scores: list[float] = []
    tokens: list[int] = []
    for table in read_groups(pages, ["url", "text"]):  # the texts of one group at a time
        texts = table.column("text").to_pylist()
        urls += table.column("url").to_pylist()
        scores += list(score_texts(model, texts, settings))
        tokens += [count_tokens(text) for text in texts]
    write_parquet(out, pa.table([urls, scores, tokens], schema=SCORE()), SCORE())
    return {"pages": len(urls), "tokens": sum(tokens)}


def _model(path: Path) -> Linear:
    """One model a process, not one a shard."""
    stat = os.stat(path)
    slot = (str(path), stat.st_size, stat.st_mtime_ns)
    if slot not in _models:
        _models.clear()
        _models[slot] = Linear.read(path)
    return _models[slot]


def histogram_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Pages and tokens by bin of score; with `bin`: of the pages in that bin, by bucket of their URL's hash."""
    table = read_parquet(shard.inputs[0])
    tokens = table.column("tokens").to_numpy()
    places, size = bin_of(table.column("score").to_numpy(), params["bins"]), params["bins"]
    if params["bin"] is not None:
        chosen = np.flatnonzero(places == params["bin"])
        urls = table.column("url").take(pa.array(chosen)).to_pylist()
        places, size, tokens = np.array([url_bucket(url) for url in urls], dtype=np.int64), BUCKETS, tokens[chosen]
    pages, weight = histogram(places, np.ones_like(tokens), size), histogram(places, tokens, size)
    found = np.flatnonzero(pages)
    write_parquet(out, pa.table([found, pages[found], weight[found]], names=BINS().names), BINS())
    return {}


def cut_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Which pages of one shard are above the threshold, and how many of each host.

    inputs: pages, their scores, and from the second round on the same shard's cut of the round before, of which
    the statistics say how much was collected again (paper: the overlap that stops the rounds).
    """
    pages, scored = read_parquet(shard.inputs[0], columns=["host"]), read_parquet(shard.inputs[1])
    mask = Threshold(**params["threshold"]).keeps(scored.column("score").to_numpy(), scored.column("url").to_pylist())
    kept = scored.filter(pa.array(mask))
    write_parquet(out / KEPT_FILE, kept, KEPT())
    write_parquet(out / HOSTS_FILE, count_hosts(pages.column("host"), mask), HOST())
    stats = {"pages": kept.num_rows, "tokens": int(pc.sum(kept.column("tokens")).as_py() or 0)}
    if len(shard.inputs) > 2:
        before = read_parquet(shard.inputs[2] / KEPT_FILE, columns=["url"]).column("url")
        again = kept.filter(pc.is_in(kept.column("url"), value_set=before.combine_chunks()))
        stats["pages_again"] = again.num_rows
        stats["tokens_again"] = int(pc.sum(again.column("tokens")).as_py() or 0)
    return stats


def collect_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """Write the collected pages of one shard with their scores; inputs: the pages and their scores."""
    scored = read_parquet(shard.inputs[1])
    threshold = Threshold(**params["threshold"])
    kept = threshold.keeps(scored.column("score").to_numpy(), scored.column("url").to_pylist())
    languages: Counter[str] = Counter()
    first = 0
    with RowWriter(out, SCORED_PAGE()) as rows:
        for pages in read_groups(shard.inputs[0]):
            here = slice(first, first + pages.num_rows)
            scores = scored.column("score").slice(first, pages.num_rows)
            table = pages.append_column("score", scores).filter(pa.array(kept[here]))
            languages.update(table.column("lang").to_pylist())
            rows.extend(table)
            first += pages.num_rows
    tokens = int(np.sum(scored.column("tokens").to_numpy()[kept]))
    return {"pages": rows.count, "tokens": tokens, "languages": dict(sorted(languages.items()))}
