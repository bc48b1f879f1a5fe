"""The folded classifier gives fastText's own probabilities, and reads text as it was trained on."""

import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import fasttext
import pytest

from mathmill.corpus import linear
from mathmill.corpus.classifier import POSITIVE, folded_path, score_texts, train
from mathmill.corpus.documents import Document, Examples
from mathmill.corpus.linear import Linear
from mathmill.corpus.wording import words
from mathmill.workflow.errors import UserError

from .conftest import ALGEBRA, SHOP, config, text

PARAMS = config().classifier
TEXTS = (
    "",
    "solve",
    "solve the root",
    "solve the cart price of a root that nobody knows",
    "Solve  x=1,\tthen\n\\frac{1}{2}x^2-3 <= 4 (price: 12%), a_b\u00a0root \\\\sqrt",
    "解方程 solve 根号2 and naïve ΑΣ straße İstanbul ½ x²",
    "root" * 200 + " cart",
    "lone \ud800surrogate root",
)


def trained(folder: Path, ngrams: int) -> Path:
    rng = random.Random(0)
    examples = Examples(
        [Document(f"yes-{n}", text(rng, [*ALGEBRA, "x=1", "根号"])) for n in range(60)],
        [Document(f"no-{n}", text(rng, [*SHOP, "12%", "naïve"])) for n in range(60)],
    )
    train(examples, replace(PARAMS, word_ngrams=ngrams, bucket=5000), 0, folder / "m.bin", folder / "rows.txt")
    return folder / "m.bin"


def load(model: Path) -> Linear:
    return Linear.read(folded_path(model))


@pytest.mark.parametrize("ngrams", [1, 2, 3])
def test_the_probabilities_are_fasttexts(tmp_path: Path, ngrams: int) -> None:
    path = trained(tmp_path, ngrams)
    library, rng = fasttext.load_model(str(path)), random.Random(1)
    texts = [*TEXTS, *(" ".join(rng.choices([*TEXTS, *ALGEBRA, *SHOP], k=rng.randint(1, 40))) for _ in range(200))]
    scores = score_texts(load(path), texts, PARAMS)
    assert min(scores) < 0.1 < 0.9 < max(scores)
    for content, score in zip(texts, scores, strict=True):
        line = " ".join(words(content.encode("utf-8", "replace").decode()))
        found = {label: p for p, label in library.f.predict(line + "\n", 2, 0.0, "strict")}
        assert score == pytest.approx(found[POSITIVE], abs=2e-5), content


def test_the_company_of_a_text_changes_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(trained(tmp_path, 3))
    together = score_texts(model, TEXTS * 30, PARAMS)
    assert together[: len(TEXTS)] * 30 == together
    monkeypatch.setattr(linear, "_GROUP", 1)
    assert score_texts(model, TEXTS * 30, PARAMS) == together


def test_numbers_as_zero(tmp_path: Path) -> None:
    model = load(trained(tmp_path, 2))
    zero = replace(PARAMS, numbers="zero")
    assert score_texts(model, ["root 12 of 7"], zero) == score_texts(model, ["root 0 of 345"], zero)
    assert score_texts(model, ["root 12 of 7"], zero) == score_texts(model, ["root 0 of 0"], PARAMS)


def test_another_models_labels_are_refused() -> None:
    settings = SimpleNamespace(loss=SimpleNamespace(name="softmax"), maxn=0)
    inner = SimpleNamespace(getArgs=lambda: settings, getLabels=lambda _: (["__label__en", "__label__de"], [20, 20]))
    with pytest.raises(ValueError, match="__label__de"):
        Linear.fold(SimpleNamespace(f=inner))


def test_what_is_kept_scores_as_what_was_folded(tmp_path: Path) -> None:
    path = trained(tmp_path, 3)
    folded = Linear.fold(fasttext.load_model(str(path)))
    assert folded.vocabulary == load(path).vocabulary
    assert score_texts(folded, TEXTS, PARAMS) == score_texts(load(path), TEXTS, PARAMS)
    folded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == folded_path(path).read_bytes()
    assert folded_path(path).stat().st_size < path.stat().st_size / 2  # of 32 numbers a row, one and the words


def test_a_file_that_is_no_classifier_is_named(tmp_path: Path) -> None:
    path = folded_path(trained(tmp_path, 2))
    with pytest.raises(UserError, match=r"missing\.npz: no such file"):
        Linear.read(tmp_path / "missing.npz")
    whole = path.read_bytes()
    for broken in (b"", b"text", whole[: len(whole) // 2], whole[:-40]):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=r"m\.npz: not a folded classifier"):
            Linear.read(path)
