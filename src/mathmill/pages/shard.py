"""One crawl file to one table of extracted pages: the shard function of the stage's first half."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mathmill.pages.config import PagesConfig
from mathmill.pages.extract import EXTRACTED, write_pages
from mathmill.pages.remote import Unreadable
from mathmill.pages.warc import responses
from mathmill.workflow.config import FetchConfig
from mathmill.workflow.engine import PageGuard, Shard
from mathmill.workflow.files import write_parquet

UNREADABLE = "unreadable_file"


@dataclass(frozen=True)
class Extraction:
    """What the shard function is told: the stage's section, and how patiently addresses are read."""

    pages: PagesConfig
    fetch: FetchConfig = field(default_factory=FetchConfig)


def extract_shard(shard: Shard, params: Extraction, out: Path, guard: PageGuard) -> dict[str, Any]:
    """Write the pages of one file to `out`; returns the counts of what was kept and what was dropped, and why.

    A file that cannot be read to its end gives no page at all: half of it would be another half the next time.
    """
    place = shard.inputs[0] if shard.inputs else shard.addresses[0]
    name = place.name if isinstance(place, Path) else place.rsplit("/", 1)[-1]
    try:
        return write_pages(responses(place, params.pages.max_bytes, params.fetch), name, params.pages, out, guard) | {
            "unreadable": ""
        }
    except Unreadable as error:
        guard.set_aside(str(place), UNREADABLE)
        write_parquet(out, [], EXTRACTED())
        counts = {"responses": 0, "pages": 0, "dropped": {}, "charsets": {}, "languages": {}}
        return {**counts, "unreadable": str(error)}
