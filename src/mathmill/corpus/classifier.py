"""Train a round's fastText classifier and measure it on held-out documents (paper section 2.1)."""

import ctypes
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasttext
import numpy as np

from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.documents import Document, draw
from mathmill.corpus.wording import words
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import replacing

POSITIVE, NEGATIVE = "__label__yes", "__label__no"
log = logging.getLogger(__name__)
_M_PERTURB = -6  # of malloc.h


@dataclass(frozen=True)
class Examples:
    """Documents of both classes."""

    positives: list[Document]
    negatives: list[Document]


def split(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """(training, held out): a document is held out by a hash of its id, so it stays so from round to round."""

    def cut(documents: list[Document]) -> tuple[list[Document], list[Document]]:
        ranked = sorted(documents, key=lambda document: (draw(document.id, seed ^ 0xDE5), document.id))
        limit = int(share * 2**64)
        held = [document for document in ranked if draw(document.id, seed ^ 0xDE5) < limit] or ranked[:1]
        names = {document.id for document in held}
        return [document for document in documents if document.id not in names], held

    (yes, held_yes), (no, held_no) = cut(examples.positives), cut(examples.negatives)
    if not yes or not no:
        raise UserError("too few documents to train and to hold out; give corpus.seed_corpus more of them")
    return Examples(yes, no), Examples(held_yes, held_no)


def train(
    examples: Examples, params: ClassifierConfig, seed: int, threads: int, model: Path, work: Path
) -> dict[str, Any]:
    """Train on most of the documents, write the model, return what it was trained on and its held-out measures.

    threads: 1 gives the same bytes every time; more are faster and do not. Raises UserError when the held-out scores do
    not spread: then the model has learnt nothing, which small seeds under the paper's settings lead to.
    """
    training, held = split(examples, params.dev_share, seed)
    rows = _write_rows(work, training, params, seed)
    epochs = params.epochs or max(1, math.ceil(params.min_updates / rows))
    trained = _supervised(work, params, epochs, threads, seed)
    with replacing(model) as beside:
        trained.save_model(str(beside))
    work.unlink()
    scores = [
        score_texts(trained, (document.text for document in part), params) for part in (held.positives, held.negatives)
    ]
    report = {
        "positives": len(examples.positives),
        "negatives": len(examples.negatives),
        "rows": rows,
        "epochs": epochs,
        "updates": rows * epochs,
        **measures(np.array(scores[0]), np.array(scores[1])),
    }
    check_spread(report, params)
    return report


def _supervised(rows: Path, params: ClassifierConfig, epochs: int, threads: int, seed: int) -> Any:
    """The model of a file of labelled rows; UserError where its weights run away."""
    fasttext.FastText.eprint = _quiet
    try:
        with _zeroed_memory():
            return fasttext.train_supervised(
                str(rows),
                dim=params.dim,
                lr=params.lr,
                epoch=epochs,
                wordNgrams=params.word_ngrams,
                minCount=params.min_count,
                bucket=params.bucket,
                thread=threads,
                seed=seed,
                loss="softmax",
                verbose=0,
            )
    except RuntimeError as error:
        if "NaN" not in str(error):
            raise
        raise UserError(f"fastText: the weights ran away ({error}); lower corpus.classifier.lr = {params.lr}") from None


def check_spread(report: dict[str, Any], params: ClassifierConfig) -> None:
    """Raise UserError where held-out scores are all about the same."""
    if report["spread"] < params.min_spread:
        raise UserError(
            f"the classifier has learnt nothing: 80 % of its held-out scores lie within {report['spread']:.4f} "
            f"(corpus.classifier.min_spread = {params.min_spread}) after {report['updates']} updates. A small seed "
            "needs more of them: set corpus.classifier.epochs=null with min_updates of 100000 or more, or a higher lr "
            "(0.5), or cut documents into rows (row_words=100)"
        )


def _write_rows(path: Path, examples: Examples, params: ClassifierConfig, seed: int) -> int:
    """The training file of fastText, rows of both classes mixed by a hash; returns their number."""
    rows: list[tuple[int, str]] = []
    for label, documents in ((POSITIVE, examples.positives), (NEGATIVE, examples.negatives)):
        for document in documents:
            for number, row in enumerate(_rows(document.text, params)):
                rows.append((draw(f"{label}{number} {document.id}", seed), f"{label} {row}\n"))
    rows.sort()
    with replacing(path) as beside, open(beside, "w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(row for _, row in rows)
    return len(rows)


def _rows(text: str, params: ClassifierConfig) -> Iterable[str]:
    found = words(text[: params.max_chars], params.numbers)
    step = params.row_words or max(1, len(found))
    for start in range(0, len(found), step):
        yield " ".join(found[start : start + step])


def load(path: Path) -> Any:
    """The model in memory, without fastText's warning on stderr."""
    fasttext.FastText.eprint = _quiet
    return fasttext.load_model(str(path))


def score_texts(model: Any, texts: Iterable[str], params: ClassifierConfig) -> list[float]:
    """Probability of the positive class for each text, in [0, 1]."""
    return [_score(model, text, params) for text in texts]


def _score(model: Any, text: str, params: ClassifierConfig) -> float:
    line = " ".join(words(text[: params.max_chars], params.numbers))
    # `f.predict` works with every numpy; without the newline the end-of-line token that training saw is missing.
    for probability, label in model.f.predict(line + "\n", 2, 0.0, "strict"):
        if label == POSITIVE:
            return min(1.0, max(0.0, float(probability)))
    return 0.0


def measures(positive: np.ndarray[Any, Any], negative: np.ndarray[Any, Any]) -> dict[str, float]:
    """AUC, and precision and recall at 0.5, of scores of both classes; spread: 90th minus 10th percentile of all."""
    scores = np.concatenate([positive, negative])
    true, false = int((positive >= 0.5).sum()), int((negative >= 0.5).sum())
    low, high = np.percentile(scores, [10, 90])
    return {
        "auc": auc(positive, negative),
        "precision": true / (true + false) if true + false else 0.0,
        "recall": true / len(positive),
        "spread": float(high - low),
        "held_out_positives": len(positive),
        "held_out_negatives": len(negative),
    }


def auc(positive: Sequence[float] | np.ndarray[Any, Any], negative: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """Chance that a positive scores above a negative (ties count half), by ranks (Mann-Whitney)."""
    yes, no = np.asarray(positive, dtype=float), np.sort(np.asarray(negative, dtype=float))
    below = np.searchsorted(no, yes, side="left")
    up_to = np.searchsorted(no, yes, side="right")
    return float((below + up_to).sum() / (2 * len(yes) * len(no)))


@contextmanager
def _zeroed_memory() -> Iterator[None]:
    """Let malloc hand out zeroed memory inside the block.

    fastText fills one tenth of its matrix per thread and leaves the rest as it was allocated: with memory that was in
    use before, training starts from garbage, gives other bytes in every process, and at times "Encountered NaN".
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's; other libraries have none
    if mallopt is None:
        yield
        return
    mallopt(_M_PERTURB, 0xFF)  # new blocks are filled with the complement of this byte
    try:
        yield
    finally:
        mallopt(_M_PERTURB, 0)


def _quiet(message: str) -> None:
    log.debug(message)
