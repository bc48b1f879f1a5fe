"""Which files a crawl is made of: WARC and WET files, folders of them, addresses, and lists of paths.

Common Crawl publishes a list for each snapshot (`warc.paths.gz`, `wet.paths.gz`): one path a line, to be put behind the
address of its store (`pages.prefix`). A list may lie on disk or at an address, and so may its files.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import xxhash

from mathmill.pages.remote import read_whole
from mathmill.workflow.config import FetchConfig
from mathmill.workflow.engine import Shard
from mathmill.workflow.errors import UserError

Place = Path | str  # a file or folder; a string is an address
_ENDINGS = tuple(f"{kind}{zipped}" for kind in (".warc", ".wet") for zipped in ("", ".gz"))
_LISTS = (".paths", ".paths.gz")


def is_crawl_file(name: str) -> bool:
    """Whether a file's name says WARC or WET, plain or gzip."""
    return name.endswith(_ENDINGS)


def crawl_files(places: Sequence[Place], prefix: str, sample: int | None, fetch: FetchConfig) -> list[Place]:
    """The files of a crawl in the order given; inside a folder (searched to any depth) by name, in a list as listed.

    sample: so many files, evenly spread over all; None: all.
    """
    found: list[Place] = []
    for place in places:
        if str(place).endswith(_LISTS):
            found.extend(_listed(place, prefix, fetch))
        elif isinstance(place, Path) and place.is_dir():
            found.extend(sorted(path for path in place.rglob("*") if is_crawl_file(path.name)))
        else:
            found.append(place)
    if not found:
        raise UserError(
            f"no .warc, .warc.gz or .wet.gz file in {', '.join(str(place) for place in places)} (key pages.crawl)"
        )
    for place, count in Counter(found).items():
        if count > 1:
            raise UserError(f"{place}: named {count} times, its pages would count as often (key pages.crawl)")
        if isinstance(place, Path) and place.is_file() and place.stat().st_size == 0:
            raise UserError(f"{place}: is empty; fetch it again or leave it out (key pages.crawl)")
    if sample is not None and sample < len(found):
        found = [found[index * len(found) // sample] for index in range(sample)]
    return found


def _listed(place: Place, prefix: str, fetch: FetchConfig) -> Iterator[Place]:
    """The files that a list names."""
    data = place.read_bytes() if isinstance(place, Path) else read_whole(place, fetch)
    try:
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(f"{place}: not a list of paths: {error} (key pages.crawl)") from None
    for line in filter(None, map(str.strip, text.splitlines())):
        if "://" in line:
            yield line
        elif line.startswith("/"):
            yield Path(line)
        else:
            yield f"{prefix.rstrip('/')}/{line}" if "://" in prefix else Path(prefix) / line


def shards_of(files: Sequence[Place]) -> list[Shard]:
    """One shard a file, named after it; files of one name in several places get a hash of their place."""
    stems = [_stem(str(place).rstrip("/").rsplit("/", 1)[-1]) for place in files]
    twice = {stem for stem, count in Counter(stems).items() if count > 1}
    shards = []
    for place, stem in zip(files, stems, strict=True):
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", stem).lstrip("._-") or "crawl"
        key = f"{safe}-{xxhash.xxh3_64_hexdigest(str(place).encode())[:8]}" if stem in twice else safe
        local = isinstance(place, Path)
        shards.append(Shard(key, (place,) if local else (), () if local else (str(place),)))  # type: ignore[arg-type]
    return shards


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".warc")
