"""The crawl: hosts written in parallel as shards, then mixed into WARC files as a crawler meets them."""

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from mathmill.microworld.config import MicroworldConfig
from mathmill.microworld.defects import defects
from mathmill.microworld.hosts import write_host
from mathmill.microworld.plan import World, world
from mathmill.microworld.rng import stream
from mathmill.microworld.warc import member, warcinfo
from mathmill.workflow.engine import Shard
from mathmill.workflow.files import read_json, replacing, write_json

_GROUP = 12  # hosts of one shard: enough work for a process, few enough to share out


def host_shards(config: MicroworldConfig) -> list[Shard]:
    """The shards of the crawl: some hosts each."""
    return [Shard(f"hosts-{number:04d}", ()) for number in range(-(-len(world(config).hosts) // _GROUP))]


def write_hosts(config: MicroworldConfig, number: int, out: Path) -> dict[str, Any]:
    """Write the records of one shard's hosts: a file of gzip members, and an index with their lengths and the truth."""
    plan = world(config)
    index: list[dict[str, Any]] = []
    with open(out / "records.bin", "wb") as handle:
        for name in list(plan.hosts)[number * _GROUP : (number + 1) * _GROUP]:
            records = write_host(plan, name)
            handle.writelines(records.groups)
            rows = [records.rows[url] for url in sorted(records.rows)]
            index.append({"host": name, "lengths": [len(group) for group in records.groups], "rows": rows})
    write_json(out / "index.json", index)
    return {"hosts": len(index), "rows": sum(len(item["rows"]) for item in index)}


def _groups(folders: list[Path]) -> dict[str, list[tuple[Path, int, int]]]:
    """Where every group of records lies: host -> (file, start, length)."""
    found: dict[str, list[tuple[Path, int, int]]] = defaultdict(list)
    for folder in folders:
        position = 0
        for item in read_json(folder / "index.json"):
            for length in item["lengths"]:
                found[item["host"]].append((folder / "records.bin", position, length))
                position += length
    return found


def mix(plan: World, folders: list[Path], crawl: Path) -> list[dict[str, Any]]:
    """Write the WARC files: each host's records go to its part, in a random order over the hosts of the part.

    Returns the rows of truth of everything in the files, sorted by URL.
    """
    groups = _groups(folders)
    extra, last, rows = defects(plan)
    broken = len(extra)
    for part in range(plan.config.crawl.warc_files):
        rng = stream(plan.config.seed, "part", part)
        order = [place for host in plan.hosts.values() if host.part == part for place in groups[host.name]]
        rng.shuffle(order)
        own = [extra[i] for i in range(broken) if i % plan.config.crawl.warc_files == part]
        places = sorted(rng.randrange(len(order) + 1) for _ in own)
        name = f"part-{part:05d}.warc.gz"
        with replacing(crawl / name) as beside, open(beside, "wb") as handle:
            handle.write(member(warcinfo(plan.config.seed, name)))
            _write(handle, order, dict(zip(places, own, strict=True)))
            if part == 0:
                handle.write(last)
    for folder in folders:
        rows += [row for item in read_json(folder / "index.json") for row in item["rows"]]
    return sorted(rows, key=lambda row: row["url"])


def _write(handle: BinaryIO, order: list[tuple[Path, int, int]], own: dict[int, bytes]) -> None:
    """Copy the groups in their order; `own` are groups to put before the group of that number."""
    with ExitStack() as stack:
        files = {path: stack.enter_context(open(path, "rb")) for path in sorted({place[0] for place in order})}
        for number, (path, start, length) in enumerate(order):
            handle.write(own.get(number, b""))
            files[path].seek(start)
            handle.write(files[path].read(length))
        handle.write(own.get(len(order), b""))
