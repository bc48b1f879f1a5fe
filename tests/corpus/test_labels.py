"""Hand labels by band of score turn into precision and recall whose intervals cover the truth."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mathmill.corpus.estimates import Band, estimate, read_labels
from mathmill.corpus.labelling import label
from mathmill.corpus.labels import draw_sample
from mathmill.corpus.run import make_corpus
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json, read_jsonl, write_jsonl

from .conftest import SERIAL, config, maths


@pytest.fixture
def sample(world: Path, tmp_path: Path) -> Path:
    """A sample of one round over the small pool: at most 12 pages of each band."""
    inputs = (world / "pages", [world / "seed.parquet"], world / "annotations.yaml")
    corpus, _ = make_corpus(*inputs, config(rounds=1), tmp_path / "s", SERIAL)
    draw_sample(corpus, world / "pages", 1, tmp_path / "labels.jsonl", 12, 0, 80)
    return tmp_path / "labels.jsonl"


def fill(path: Path) -> None:
    rows = read_jsonl(path)
    write_jsonl(path, [rows[0], *({**row, "label": maths(row["url"])} for row in rows[1:])])


def test_a_sample_holds_every_band_and_no_score(sample: Path, tmp_path: Path) -> None:
    head, *rows = read_jsonl(sample)
    assert sum(band["pages"] for band in head["bands"]) == 160
    report = read_json(tmp_path / "s" / "corpus" / "round_1" / "round.json")
    assert sum(band["pages"] for band in head["bands"] if band["kept"]) == report["pages"]
    assert sum(band["tokens"] for band in head["bands"] if band["kept"]) == report["tokens"]
    for place, band in enumerate(head["bands"]):
        assert sum(row["band"] == place for row in rows) == min(12, band["pages"])
    assert all({"url", "lang", "title", "text", "formulas", "label", "band"} == set(row) for row in rows)
    assert all(row["label"] is None and len(row["text"]) <= 80 for row in rows)
    assert len({row["url"] for row in rows}) == len(rows)


def test_labels_become_estimates(sample: Path, tmp_path: Path) -> None:
    fill(sample)
    labels = read_labels(sample)
    found = estimate(labels.bands)
    report = read_json(tmp_path / "s" / "corpus" / "round_1" / "round.json")
    assert labels.round == 1
    assert labels.corpus["pages"] == report["pages"]
    assert found["positives"]["low"] <= 40 <= found["positives"]["high"]
    assert found["precision"]["low"] <= found["precision"]["value"] <= found["precision"]["high"]
    assert 0 < found["recall"]["low"] < found["recall"]["high"] <= 1


def test_every_page_labelled_leaves_no_doubt() -> None:
    found = estimate([Band("a", True, 10, 10, 8), Band("b", False, 20, 20, 2)])
    assert {name: tuple(row.values()) for name, row in found.items()} == {
        "precision": (0.8, 0.8, 0.8),
        "recall": (0.8, 0.8, 0.8),
        "positives": (10.0, 10.0, 10.0),
    }


def test_a_large_band_in_which_nothing_was_found_keeps_recall_in_doubt() -> None:
    few = estimate([Band("a", True, 1000, 50, 50), Band("b", False, 1_000_000, 50, 0)])
    many = estimate([Band("a", True, 1000, 50, 50), Band("b", False, 1_000_000, 5000, 0)])
    assert few["recall"]["value"] == many["recall"]["value"] == 1.0
    assert few["recall"]["low"] < 0.1 < 0.5 < many["recall"]["low"]


def test_the_intervals_cover_the_truth() -> None:
    """400 samples of a world with known shares: the nominal 95 % within what chance allows."""
    rng = np.random.default_rng(0)
    world = [(True, 3000, 0.97), (True, 800, 0.7), (False, 1500, 0.35), (False, 9000, 0.04), (False, 60_000, 0.002)]
    belong = [round(pages * share) for _, pages, share in world]
    truth = {
        "precision": sum(belong[:2]) / 3800,
        "recall": sum(belong[:2]) / sum(belong),
    }
    hits = {"precision": 0, "recall": 0}
    for seed in range(400):
        bands = [
            Band("", kept, pages, 60, int(rng.hypergeometric(right, pages - right, 60)))
            for (kept, pages, _), right in zip(world, belong, strict=True)
        ]
        found = estimate(bands, draws=2000, seed=seed)
        for name in hits:
            hits[name] += found[name]["low"] <= truth[name] <= found[name]["high"]
    assert all(count >= 0.92 * 400 for count in hits.values()), hits


def test_a_file_that_exists_is_not_drawn_over(sample: Path, world: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="may hold labels"):
        draw_sample(tmp_path / "s" / "corpus", world / "pages", 1, sample, 1, 0, 80)


def test_the_same_seed_draws_the_same_pages(sample: Path, world: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again.jsonl", tmp_path / "other.jsonl"
    draw_sample(tmp_path / "s" / "corpus", world / "pages", 1, again, 12, 0, 80)
    draw_sample(tmp_path / "s" / "corpus", world / "pages", 1, other, 12, 1, 80)
    assert again.read_bytes() == sample.read_bytes()
    assert other.read_bytes() != sample.read_bytes()


@pytest.mark.parametrize(("change", "match"), [({"label": "yes"}, "line 2"), ({"band": 99, "label": True}, "line 2")])
def test_bad_labels_name_their_line(sample: Path, change: dict, match: str) -> None:
    rows = read_jsonl(sample)
    write_jsonl(sample, [rows[0], {**rows[1], **change}, *rows[2:]])
    with pytest.raises(UserError, match=match):
        read_labels(sample)


def test_a_band_without_labels_is_named(sample: Path) -> None:
    with pytest.raises(UserError, match="no page is labelled yet in: collected"):
        read_labels(sample)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"url": "a"}) + "\n")
    with pytest.raises(UserError, match=r"x\.jsonl"):
        read_labels(tmp_path / "x.jsonl")
    with pytest.raises(UserError, match=r"x\.jsonl"):
        label(tmp_path / "x.jsonl", lambda _: "y", print)


def test_labels_on_the_terminal_are_kept(sample: Path) -> None:
    words = iter(["y", "no", "s", "q"])
    shown: list[str] = []
    assert label(sample, lambda _: next(words), shown.append) == 2
    given = [row["label"] for row in read_jsonl(sample)[1:]]
    assert given[:4] == [True, False, None, None]
    assert label(sample, lambda _: "q", shown.append) == 0
    assert read_jsonl(sample)[3]["url"] in shown[-1]  # the first page without a label


def test_tokens_do_not_weigh() -> None:
    bands = [Band("a", True, 10, 5, 4), Band("b", False, 10, 5, 1)]
    assert estimate(bands)["precision"]["value"] == pytest.approx(0.8)
    assert estimate([replace(bands[0], pages=100), bands[1]])["recall"]["value"] == pytest.approx(80 / 82)
