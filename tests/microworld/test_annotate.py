"""The simulated annotator sees samples, makes a few mistakes, and writes a file that a person could have written."""

from typing import Any

import yaml

from mathmill.microworld.annotate import annotate
from mathmill.microworld.config import AnnotatorConfig


def page(url: str, is_math: bool) -> dict[str, object]:
    return {"url": url, "is_math": is_math, "valid": True}


ROWS = [page(f"https://a.example/maths/{n}", True) for n in range(20)]
ROWS += [page(f"https://a.example/news/{n}", False) for n in range(20)]
ROWS += [page(f"https://b.example/wiki/{n}", n % 5 == 0) for n in range(50)]


def test_marks_the_prefixes_that_are_mostly_mathematics() -> None:
    config = AnnotatorConfig(sample=8, error=0.0, missed=0, too_broad=0)
    assert [entry["prefix"] for entry in annotate(ROWS, config, 0)] == ["a.example/maths"]


def test_only_the_pages_looked_at_decide() -> None:
    # One page of twenty is mathematics: the person marks the prefix exactly when that page is the one looked at.
    rows = [page(f"https://c.example/x/{n}", n == 0) for n in range(20)]
    config = AnnotatorConfig(sample=1, error=0.0, missed=0, too_broad=0)
    marked = [bool(annotate(rows, config, seed)) for seed in range(100)]
    assert 0 < sum(marked) < 20


def test_makes_the_mistakes_that_it_is_told_to() -> None:
    rows = [*ROWS, *(page(f"https://d.example/maths/{n}", True) for n in range(9))]
    assert len(annotate(rows, AnnotatorConfig(error=0.0, missed=1, too_broad=0), 0)) == 1
    # d.example is nearly all mathematics and is marked as a whole; a.example is half news and is not.
    rows += [page(f"https://d.example/news/{n}", False) for n in range(3)]
    marked = annotate(rows, AnnotatorConfig(error=0.0, missed=0, too_broad=2), 0)
    assert [entry["prefix"] for entry in marked] == ["a.example/maths", "d.example"]


def test_a_prefix_of_few_pages_is_not_looked_at() -> None:
    rows = [page(f"https://e.example/mirror/{n}", True) for n in range(2)]
    assert annotate(rows, AnnotatorConfig(few=3, error=0.0, missed=0, too_broad=0), 0) == []
    assert annotate(rows, AnnotatorConfig(few=2, error=0.0, missed=0, too_broad=0), 0)


def test_the_file_is_plain_yaml_with_a_header(made: Any) -> None:
    text = made.out["annotations"].read_text()
    assert text.startswith("# Paths of the crawl that a person marked")
    entries = yaml.safe_load(text)
    assert entries
    assert all(set(entry) == {"prefix", "note"} for entry in entries)
    hosts = {row["host"] for row in made.rows}
    assert all(entry["prefix"].partition("/")[0] in hosts for entry in entries)
