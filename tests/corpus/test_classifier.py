"""The classifier learns, is measured on documents it has not seen, and says so when it has learnt nothing."""

import math
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from mathmill.corpus.classifier import folded_path, score_texts, split, train
from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.documents import Document, Examples
from mathmill.corpus.linear import Linear
from mathmill.workflow.errors import UserError

from .conftest import ALGEBRA, SHOP, config, text

PARAMS = config().classifier


def examples(count: int = 60) -> Examples:
    rng = random.Random(0)
    return Examples(
        [Document(f"yes-{n}", text(rng, ALGEBRA)) for n in range(count)],
        [Document(f"no-{n}", text(rng, SHOP)) for n in range(count)],
    )


def fit(folder: Path, **changes: object) -> dict:
    params = replace(PARAMS, **changes)  # type: ignore[arg-type]
    return train(examples(), params, 0, folder / "m.bin", folder / "rows.txt")


def test_it_learns(tmp_path: Path) -> None:
    report = fit(tmp_path)
    assert report["auc"] == 1.0
    assert report["updates"] >= PARAMS.min_updates
    assert not (tmp_path / "rows.txt").exists()
    model = Linear.read(folded_path(tmp_path / "m.bin"))
    high, low = score_texts(model, ["solve the linear equation", "discount on every shirt"], PARAMS)
    assert 0 <= low < 0.5 < high <= 1


def test_equal_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        fit(tmp_path / name)
    assert (tmp_path / "a" / "m.bin").read_bytes() == (tmp_path / "b" / "m.bin").read_bytes()


def test_the_papers_settings_on_a_small_seed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"min_updates.*row_words"):
        fit(tmp_path, dim=256, lr=0.1, epochs=3, row_words=None)


def test_held_out_documents_stay_held_out_as_the_seed_grows() -> None:
    small, large = examples(30), examples(60)
    _, held = split(small, 0.2, 0)
    train_large, held_large = split(large, 0.2, 0)
    names = {document.id for document in held.positives}
    assert names <= {document.id for document in held_large.positives}
    assert not names & {document.id for document in train_large.positives}


def test_one_document_of_a_class_is_too_few() -> None:
    few = Examples([Document("a", "x")], [Document("b", "y")])
    with pytest.raises(UserError, match="too few"):
        split(few, 0.1, 0)


class FixedOdds:
    """Stands in for a model: the log odds of every text."""

    def __init__(self, odds: float) -> None:
        self.odds = odds

    def log_odds(self, texts: Iterable[str], _numbers: str) -> list[float]:
        return [self.odds for _ in texts]


def test_scores_near_one_are_told_apart_as_finely_as_near_zero() -> None:
    for small in (1e-3, 1e-6, 3e-9, 1e-14):
        (high,) = score_texts(FixedOdds(math.log((1 - small) / small)), ["x"], PARAMS)
        (low,) = score_texts(FixedOdds(math.log(small / (1 - small))), ["x"], PARAMS)
        assert 1 - high == pytest.approx(small, rel=1e-2)
        assert low == pytest.approx(small, rel=1e-4)
    assert score_texts(FixedOdds(1e6), ["x"], PARAMS) == [1.0]


def model_bytes(words: int, params: ClassifierConfig) -> int:
    """In memory: one vector of float32 for each word, each hash slot of n-grams (none without n-grams), both labels."""
    return 4 * params.dim * (words + (params.bucket if params.word_ngrams > 1 else 0) + 2)


@pytest.mark.parametrize("ngrams", [1, 2])
def test_the_memory_of_a_model_is_what_the_formula_says(tmp_path: Path, ngrams: int) -> None:
    report = fit(tmp_path, dim=64, bucket=40_000, word_ngrams=ngrams, min_updates=1000, min_spread=0.0)
    assert report["bytes"] == (tmp_path / "m.bin").stat().st_size
    expected = model_bytes(report["words"], replace(PARAMS, dim=64, bucket=40_000, word_ngrams=ngrams))
    assert report["bytes"] == pytest.approx(expected, abs=2000)  # the words themselves


def test_the_memory_that_the_documentation_states() -> None:
    """docs/own_data.md: 2.1 GB at the paper's settings with a vocabulary of 50,000 words, 8 MB at the default."""
    paper = ClassifierConfig()
    assert model_bytes(50_000, paper) == pytest.approx(2.1e9, rel=0.01)
    assert model_bytes(10_000, replace(paper, dim=32, bucket=50_000)) == pytest.approx(7.7e6, rel=0.01)


def test_chinese_n_grams_tell_classes_apart_that_hold_the_same_characters(tmp_path: Path) -> None:
    """Characters in another order: a whitespace word a sentence, or characters without n-grams, would see nothing."""
    rng = random.Random(0)

    def sentences(words: list[str]) -> str:
        return "".join(rng.choice(words) for _ in range(40))

    classes = [["\u65b9\u7a0b", "\u51fd\u6570", "\u6839\u5f0f"], ["\u7a0b\u65b9", "\u6570\u51fd", "\u5f0f\u6839"]]
    found = Examples(
        *([Document(f"{number}-{n}", sentences(words)) for n in range(60)] for number, words in enumerate(classes))
    )
    auc = {}
    for ngrams in (1, 2):
        params = replace(PARAMS, word_ngrams=ngrams, min_spread=0.0, dev_share=0.3)
        auc[ngrams] = train(found, params, 0, tmp_path / "m.bin", tmp_path / "rows.txt")["auc"]
    assert auc[2] > 0.99
    assert auc[1] < 0.8


def test_the_report_of_a_model_holds_its_calibration(tmp_path: Path) -> None:
    report = fit(tmp_path, dev_share=0.3)
    rows = report["calibration"]
    assert sum(row["documents"] for row in rows) == report["held_out_positives"] + report["held_out_negatives"]
    assert sum(row["positives"] for row in rows) == report["held_out_positives"]
    assert all(row["low"] <= row["score"] <= row["high"] for row in rows)


def test_many_threads_train_as_well(tmp_path: Path) -> None:
    assert fit(tmp_path, threads=3)["auc"] == 1.0
