"""The stage as a whole: extract every WARC file, find copies, write the pages, add up the report."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import xxhash

from mathmill.pages.config import PagesConfig
from mathmill.pages.dedup import drop_copies, write_shard
from mathmill.pages.extract import extract_shard
from mathmill.pages.warc import is_warc
from mathmill.workflow.engine import EngineConfig, Shard, ShardResult, run_shards
from mathmill.workflow.errors import UserError

VERSION = "2"  # of the extraction: raise it when the code gives other pages for the same bytes


def warc_files(places: list[Path]) -> list[Path]:
    """The WARC files among files and folders (searched to any depth), in the order given, sorted inside a folder."""
    found: list[Path] = []
    for place in places:
        found.extend(sorted(path for path in place.rglob("*") if is_warc(path)) if place.is_dir() else [place])
    if not found:
        raise UserError(f"no .warc or .warc.gz file in {', '.join(str(place) for place in places)} (key pages.crawl)")
    return found


def make_pages(
    crawl: list[Path], params: PagesConfig, scratch: Path, engine: EngineConfig
) -> tuple[Path, dict[str, Any]]:
    """Run the stage in `scratch`; returns the folder to publish as data/pages, and the report."""
    files = warc_files(crawl)
    params = replace(params, crawl=None)  # shards are known by their content, wherever the files lie
    extracted = run_shards(
        "pages", extract_shard, _shards(files), scratch / "extracted", params=params, engine=engine, version=VERSION
    )
    kept, copies = drop_copies(extracted, params, scratch / "copies", engine)
    shards = [Shard(result.shard.key, (result.path, kept[result.shard.key])) for result in extracted]
    written = run_shards("pages: write", write_shard, shards, scratch / "pages", params={}, engine=engine)
    report = {**_report(extracted, written), **copies}
    return scratch / "pages", report


def _shards(files: list[Path]) -> list[Shard]:
    """One shard a file, named after it; files of one name in several folders get a hash of their place."""
    stems = [path.name.removesuffix(".gz").removesuffix(".warc") for path in files]
    twice = {stem for stem, count in Counter(stems).items() if count > 1}
    keys = []
    for path, stem in zip(files, stems, strict=True):
        safe = "".join(char if char.isalnum() or char in "._-" else "_" for char in stem).lstrip("._-") or "crawl"
        keys.append(f"{safe}-{xxhash.xxh3_64_hexdigest(path.as_posix().encode())[:8]}" if stem in twice else safe)
    return [Shard(key, (path,)) for key, path in zip(keys, files, strict=True)]


def _report(extracted: list[ShardResult], written: list[ShardResult]) -> dict[str, Any]:
    """Counts over all shards: what came in, what was dropped by reason, what is left."""
    dropped: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {"charsets": Counter(), "languages": Counter()}
    for result in extracted:
        dropped.update(result.stats["dropped"])
        dropped.update({f"quarantined:{reason}": count for reason, count in result.quarantined.items()})
        for name, counter in counts.items():
            counter.update(result.stats[name])
    return {
        "files": len(extracted),
        "responses": sum(result.stats["responses"] for result in extracted),
        "extracted": sum(result.stats["pages"] for result in extracted),
        "pages": sum(result.stats["pages"] for result in written),
        "characters": sum(result.stats["characters"] for result in written),
        "dropped": dict(dropped),
        **{name: dict(counter) for name, counter in counts.items()},
    }
