"""The stage as a whole: extract every crawl file, find copies, write the pages, add up the report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mathmill.pages.config import PagesConfig
from mathmill.pages.dedup import drop_copies, write_shard
from mathmill.pages.shard import UNREADABLE, Extraction, extract_shard
from mathmill.pages.sources import Place, crawl_files, shards_of
from mathmill.workflow.config import FetchConfig
from mathmill.workflow.engine import EngineConfig, Shard, ShardResult, run_shards
from mathmill.workflow.engine_manifest import forget
from mathmill.workflow.errors import UserError

VERSION = "5"  # of the extraction: raise it when the code gives other pages for the same bytes


def make_pages(
    crawl: Sequence[Place],
    params: PagesConfig,
    scratch: Path,
    engine: EngineConfig,
    fetch: FetchConfig | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Run the stage in `scratch`; returns the folder to publish as data/pages, and the report.

    crawl: files and folders, and addresses (as strings); see crawl_files. Raises UserError where too many files cannot
    be read.
    """
    fetch = fetch or FetchConfig()
    files = crawl_files(crawl, params.prefix, params.sample, fetch)
    # Shards are known by their content or address, wherever the files lie and however long they were waited for.
    told = replace(params, crawl=None, prefix="", sample=None, max_unreadable=1.0)
    extracted = run_shards(
        "pages",
        extract_shard,
        shards_of(files),
        scratch / "extracted",
        params=Extraction(told, fetch),
        keyed=told,
        engine=engine,
        version=VERSION,
    )
    _check_unreadable(extracted, params, scratch / "extracted")
    kept, copies = drop_copies(extracted, params, scratch / "copies", engine)
    shards = [Shard(result.shard.key, (result.path, kept[result.shard.key])) for result in extracted]
    written = run_shards("pages: write", write_shard, shards, scratch / "pages", params={}, engine=engine)
    report = {**_report(extracted, written), **copies}
    return scratch / "pages", report


def _check_unreadable(extracted: list[ShardResult], params: PagesConfig, folder: Path) -> None:
    """Raise UserError where too many files were set aside; these are tried again by the next run."""
    lost = [result for result in extracted if result.stats["unreadable"]]
    if len(lost) > max(1, params.max_unreadable * len(extracted)) or len(lost) == len(extracted):
        forget(folder, {result.shard.key for result in lost})
        raise UserError(
            f"{len(lost)} of {len(extracted)} files of the crawl cannot be read (pages.max_unreadable = "
            f"{params.max_unreadable}), among them {lost[0].stats['unreadable']}; run again to try these once more"
        )


def _report(extracted: list[ShardResult], written: list[ShardResult]) -> dict[str, Any]:
    """Counts over all shards: what came in, what was dropped by reason, what is left."""
    dropped: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("charsets", "languages", "formulas", "passes")}
    for result in extracted:
        dropped.update(result.stats["dropped"])
        dropped.update({f"quarantined:{reason}": count for reason, count in result.quarantined.items()})
        for name, counter in counts.items():
            counter.update(result.stats.get(name, {}))
    return {
        "files": len(extracted),
        UNREADABLE: sorted(result.shard.key for result in extracted if result.stats["unreadable"]),
        "responses": sum(result.stats["responses"] for result in extracted),
        "extracted": sum(result.stats["pages"] for result in extracted),
        "pages": sum(result.stats["pages"] for result in written),
        "characters": sum(result.stats["characters"] for result in written),
        "dropped": dict(dropped),
        **{name: dict(counter) for name, counter in counts.items()},
    }
