"""A worker's memory does not follow the length of its shard: ten times the pages, within ten percent."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import make_record, member

PAGES, TIMES = 150, 10
WORKER = """
import resource, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from mathmill.pages.config import NearDuplicates, PagesConfig
from mathmill.pages.dedup import write_shard
from mathmill.pages.shard import Extraction, extract_shard
from mathmill.workflow import rows
from mathmill.workflow.engine import PageGuard, Shard

rows.GROUP_BYTES = 1 << 20  # a quarter of the usual, so that a small file has several groups
crawl, out = Path(sys.argv[1]), Path(sys.argv[2])
params = Extraction(PagesConfig(near=NearDuplicates(enabled=False)))
stats = extract_shard(Shard("one", (crawl,)), params, out / "extracted.parquet", PageGuard(60))
np.save(out / "kept.npy", np.arange(stats["pages"]))
write_shard(Shard("one", (out / "extracted.parquet", out / "kept.npy")), {}, out / "pages.parquet", PageGuard(60))
print(stats["pages"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file of 150 pages of 16 kB each, more than one group of rows, and one of ten times as many."""
    folder = tmp_path_factory.mktemp("crawl")
    rng = random.Random(0)
    text = [" ".join(rng.choice("abcdefgh") * rng.randint(1, 9) for _ in range(3200)) for _ in range(20)]
    found = []
    for times in (1, TIMES):
        found.append(folder / f"x{times}.warc.gz")
        with open(found[-1], "wb") as file:
            for number in range(PAGES * times):
                body = f"<html><body><p>{number} {text[number % 20]}</p></body></html>".encode()
                file.write(member(make_record(f"http://a.org/{number}", body)))
    return found


def test_ten_times_the_pages(files: list[Path], tmp_path: Path) -> None:
    peaks = []
    for path, pages in zip(files, (PAGES, PAGES * TIMES), strict=True):
        command = [sys.executable, "-c", WORKER, str(path), str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found, peak = map(int, done.stdout.split())
        assert found == pages
        peaks.append(peak)
    assert peaks[1] <= 1.1 * peaks[0], peaks
