"""The classifier learns, is measured on documents it has not seen, and says so when it has learnt nothing."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.corpus.classifier import Examples, auc, load, measures, score_texts, split, train
from mathmill.corpus.documents import Document
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
    return train(examples(), params, 0, 1, folder / "m.bin", folder / "rows.txt")


def test_it_learns(tmp_path: Path) -> None:
    report = fit(tmp_path)
    assert report["auc"] == 1.0
    assert report["updates"] >= PARAMS.min_updates
    assert not (tmp_path / "rows.txt").exists()
    model = load(tmp_path / "m.bin")
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


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_auc_counts_pairs(yes: list[float], no: list[float]) -> None:
    pairs = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    assert auc(yes, no) == pytest.approx(pairs / (len(yes) * len(no)))


def test_measures() -> None:
    found = measures(np.array([0.9, 0.4]), np.array([0.6, 0.1, 0.2]))
    assert found["recall"] == 0.5
    assert found["precision"] == 0.5
    assert found["auc"] == pytest.approx(5 / 6)
