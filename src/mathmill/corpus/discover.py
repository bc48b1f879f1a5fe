"""From collected pages to new seed: prefixes of flagged hosts to annotate, pages under marked ones (paper 2.1)."""

from collections.abc import Iterable
from heapq import nsmallest
from pathlib import Path
from typing import Any

from mathmill.corpus.documents import draw, prefixes_of
from mathmill.corpus.hosts import prefix_at
from mathmill.corpus.preview import preview
from mathmill.corpus.shards import KEPT_FILE
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import read_jsonl, read_parquet, write_jsonl, write_parquet
from mathmill.workflow.tables import TEXT

PREFIX_FILE, GROWTH_FILE = "prefixes.jsonl", "seed_growth.parquet"


def discover_shard(shard: Shard, params: dict[str, Any], out: Path, _guard: PageGuard) -> dict[str, Any]:
    """The prefixes of one shard's pages on flagged hosts, and the pages of the shard that grow the seed.

    inputs: pages, scores, the shard's cut, the table of flagged hosts. params: marked (prefixes), depth, samples,
    chars. Growth: on a flagged host, under a marked prefix, not collected. Also says which marked prefixes had a page.
    """
    pages, scored, cut, flags = shard.inputs
    hosts = set(read_parquet(flags, columns=["host"]).column("host").to_pylist())
    collected = set(read_parquet(cut / KEPT_FILE, columns=["url"]).column("url").to_pylist())
    scores = read_parquet(scored, columns=["score"]).column("score").to_pylist()
    marked = set(params["marked"])
    rows = read_parquet(pages, columns=["url", "host", "path", "lang", "text"]).to_pylist()
    groups: dict[tuple[str, str], list[int]] = {}
    growth = []
    matched: set[str] = set()
    for number, row in enumerate(rows):
        if row["host"] not in hosts:
            continue
        groups.setdefault((row["host"], prefix_at(row["host"], row["path"], params["depth"])), []).append(number)
        names = marked.intersection(prefixes_of(row["host"], row["path"]))
        matched |= names
        if names and row["url"] not in collected:
            growth.append({"id": row["url"], "text": row["text"], "source": "seed_growth", "lang": row["lang"]})
    found = []
    for (host, prefix), members in sorted(groups.items()):
        shown = nsmallest(params["samples"], ((draw(rows[n]["url"], 0), rows[n]["url"], n) for n in members))
        samples = [
            {
                "draw": drawn,
                "url": url,
                "score": scores[n],
                "kept": url in collected,
                **preview(rows[n]["text"], params["chars"]),
            }
            for drawn, url, n in shown
        ]
        kept = sum(rows[n]["url"] in collected for n in members)
        found.append({"host": host, "prefix": prefix, "pages": len(members), "kept": kept, "samples": samples})
    write_jsonl(out / PREFIX_FILE, found)
    write_parquet(out / GROWTH_FILE, [{**row, "meta": "{}"} for row in growth], TEXT())
    return {"growth": len(growth), "matched": sorted(matched)}


def candidates(folders: Iterable[Path], samples: int) -> list[dict[str, Any]]:
    """For each flagged host its path prefixes with counts and sample pages: what a person looks at to mark prefixes.

    folders: the outputs of `discover_shard`. Counts add up, samples are the lowest hashes of URLs of all shards, so
    the list does not depend on how the pages were cut into shards. It reads host by host, the prefixes of most
    pages first.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for folder in folders:
        for row in read_jsonl(folder / PREFIX_FILE):
            here = found.setdefault(row["host"], {})
            total = here.setdefault(row["prefix"], {"prefix": row["prefix"], "pages": 0, "kept": 0, "samples": []})
            total["pages"] += row["pages"]
            total["kept"] += row["kept"]
            both = total["samples"] + row["samples"]
            total["samples"] = sorted(both, key=lambda one: (one["draw"], one["url"]))[:samples]
    return [
        {
            "host": host,
            "prefixes": [
                {**group, "samples": [{k: v for k, v in one.items() if k != "draw"} for one in group["samples"]]}
                for group in sorted(groups.values(), key=lambda group: (-group["pages"], group["prefix"]))
            ],
        }
        for host, groups in sorted(found.items())
    ]
