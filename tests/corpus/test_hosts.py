"""Hosts over the limit, the prefixes that a person is shown, and the pages that grow the seed."""

import numpy as np

from mathmill.corpus.hosts import candidates, flagged, growth, host_table, prefix_at

ROWS = [
    ("http://a.org/maths/1", "a.org", "/maths/1"),
    ("http://a.org/maths/2", "a.org", "/maths/2"),
    ("http://a.org/mathsy/3", "a.org", "/mathsy/3"),
    ("http://a.org/news/4", "a.org", "/news/4"),
    ("http://b.org/maths/5", "b.org", "/maths/5"),
    ("http://b.org/", "b.org", "/"),
    ("http://b.org/about", "b.org", "/about"),
]
KEPT = np.array([True, False, False, False, False, False, False])


def test_hosts_are_counted() -> None:
    table = host_table([host for _, host, _ in ROWS], KEPT)
    assert table == [{"host": "a.org", "pages": 4, "kept": 1}, {"host": "b.org", "pages": 3, "kept": 0}]


def test_more_than_the_share_is_needed() -> None:
    table = [{"host": "at", "pages": 10, "kept": 1}, {"host": "over", "pages": 9, "kept": 1}]
    assert flagged(table, 0.1) == {"over"}


def test_growth_is_marked_flagged_and_not_collected() -> None:
    assert growth(ROWS, KEPT, {"a.org", "b.org"}, ["a.org/maths", "b.org/maths"]) == [1, 4]
    assert growth(ROWS, KEPT, {"a.org"}, ["a.org/maths", "b.org/maths"]) == [1]
    assert growth(ROWS, KEPT, {"a.org", "b.org"}, ["b.org"]) == [4, 5, 6]
    assert growth(ROWS, KEPT, {"a.org"}, ["a.org/math"]) == []  # a prefix ends at a step of the path


def test_prefixes() -> None:
    assert prefix_at("a.org", "/maths/1", 1) == "a.org/maths"
    assert prefix_at("a.org", "/maths/x/1", 2) == "a.org/maths/x"
    assert prefix_at("a.org", "/maths/x/1", 1) == "a.org/maths"
    assert prefix_at("a.org", "/1", 1) == "a.org"
    assert prefix_at("a.org", "/", 1) == "a.org"
    assert prefix_at("a.org", "/forum/view.php?t=1", 1) == "a.org/forum"


def test_candidates_list_flagged_hosts_with_samples() -> None:
    (host,) = candidates(ROWS, KEPT, {"a.org"}, 1, 1)
    assert host["host"] == "a.org"
    found = {row["prefix"]: (row["pages"], row["kept"], len(row["samples"])) for row in host["prefixes"]}
    assert found == {"a.org/maths": (2, 1, 1), "a.org/mathsy": (1, 0, 1), "a.org/news": (1, 0, 1)}
    assert host["prefixes"][0]["prefix"] == "a.org/maths"  # most pages first
