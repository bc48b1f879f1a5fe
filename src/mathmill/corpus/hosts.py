"""Hosts and paths: pages and collected pages of each host, hosts over the limit, prefixes (paper 2.1)."""

from collections.abc import Iterable
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mathmill.corpus.documents import prefixes_of
from mathmill.workflow.tables import HOST


def count_hosts(hosts: pa.ChunkedArray, kept: NDArray[np.bool_]) -> pa.Table:
    """Pages and collected pages of each host, by name (paper: a domain is the pages of one base URL)."""
    ones = pa.array(np.ones(len(kept), dtype=np.int64))
    return merge_hosts([pa.table([hosts, ones, pa.array(kept.astype(np.int64))], names=["host", "pages", "kept"])])


def merge_hosts(tables: Iterable[pa.Table]) -> pa.Table:
    """The sum of several tables of hosts, sorted by host; never more than the sum and one table in memory."""
    total: pa.Table | None = None
    for table in tables:
        table = table.cast(HOST())
        both = table if total is None else pa.concat_tables([total, table])
        summed = both.group_by("host").aggregate([("pages", "sum"), ("kept", "sum")])
        total = summed.select(["host", "pages_sum", "kept_sum"]).rename_columns(HOST().names).cast(HOST())
    if total is None:
        raise ValueError("no table of hosts to merge")
    return total.sort_by("host")


def flagged(table: pa.Table, share: float) -> pa.Table:
    """The rows of hosts of which more than `share` of the pages were collected."""
    limit = pc.multiply(pc.cast(table.column("pages"), pa.float64()), share)
    return table.filter(pc.greater(pc.cast(table.column("kept"), pa.float64()), limit))


def prefix_at(host: str, path: str, depth: int) -> str:
    """The prefix of a page that is `depth` path steps long (a page nearer to the root: its own folder)."""
    steps = list(islice(prefixes_of(host, path.split("?")[0]), depth + 1))
    # The last step of a short path is the page itself, and no place where others stand.
    is_page = len(steps) == len(list(prefixes_of(host, path.split("?")[0]))) and len(steps) > 1
    return steps[-2] if is_page else steps[-1]
