"""Train a round's fastText classifier and measure it on held-out documents (paper section 2.1)."""

import ctypes
import logging
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fasttext
import numpy as np

from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.documents import Document, Examples, draw
from mathmill.corpus.linear import NEGATIVE, POSITIVE, Linear
from mathmill.corpus.measures import calibration, measures
from mathmill.corpus.schedule import Schedule, schedule
from mathmill.corpus.wording import words
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import replacing

log = logging.getLogger(__name__)
_M_PERTURB = -6  # of malloc.h


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


def train(examples: Examples, params: ClassifierConfig, seed: int, model: Path, work: Path) -> dict[str, Any]:
    """Train on most of the documents, write the model, return what it was trained on and its held-out measures.

    Writes fastText's file (`model`) and the folded one beside it (`folded_path`), which pages are scored with.

    Raises UserError when the held-out scores do not spread: then the model has learnt nothing, which small seeds under
    the paper's settings lead to.
    """
    training, held = split(examples, params.dev_share, seed)
    rows = _write_rows(work, training, params, seed)
    plan = schedule(rows, params)
    trained = _supervised(work, params, plan, seed)
    with replacing(model) as beside:
        trained.save_model(str(beside))
    work.unlink()
    folded = Linear.fold(trained)
    folded.save(folded_path(model))
    positive, negative = (
        np.array(score_texts(folded, (document.text for document in part), params))
        for part in (held.positives, held.negatives)
    )
    report = {
        "positives": len(examples.positives),
        "negatives": len(examples.negatives),
        "rows": rows,
        "words": len(trained.words),
        "bytes": model.stat().st_size,
        **plan.as_json(),
        **measures(positive, negative),
        "calibration": calibration(positive, negative, params.calibration_bins),
    }
    check_spread(report, params)
    return report


def _supervised(rows: Path, params: ClassifierConfig, plan: Schedule, seed: int) -> Any:
    """The model of a file of labelled rows; UserError where its weights run away."""
    fasttext.FastText.eprint = _quiet
    try:
        with _zeroed_memory():
            return fasttext.train_supervised(
                str(rows),
                dim=params.dim,
                lr=plan.lr,
                epoch=plan.epochs,
                wordNgrams=params.word_ngrams,
                minCount=params.min_count,
                bucket=params.bucket,
                thread=params.threads or os.cpu_count() or 1,
                seed=seed,
                loss="softmax",
                verbose=0,
            )
    except RuntimeError as error:
        if "NaN" not in str(error):
            raise
        raise UserError(f"fastText: the weights ran away ({error}); lower corpus.classifier.lr = {plan.lr}") from None


def check_spread(report: dict[str, Any], params: ClassifierConfig) -> None:
    """Raise UserError where held-out scores are all about the same."""
    if report["spread"] < params.min_spread:
        raise UserError(
            f"the classifier has learnt nothing: 80 % of its held-out scores lie within {report['spread']:.4f} "
            f"(corpus.classifier.min_spread = {params.min_spread}) after {report['updates']} updates at a learning "
            f"rate of {report['lr']:.3g}. A small seed needs more: set corpus.classifier.epochs=null and lr=null (the "
            "rule of updates), raise min_updates (100000), or cut documents into rows (row_words=100)"
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


def folded_path(model: Path) -> Path:
    """The folded classifier beside fastText's file."""
    return model.with_suffix(".npz")


def score_texts(model: Linear, texts: Iterable[str], params: ClassifierConfig) -> list[float]:
    """Probability of the positive class for each text, in [0, 1]."""
    odds = model.log_odds((text[: params.max_chars] for text in texts), params.numbers)
    return [0.0 if value is None else _probability(value) for value in odds]


def _probability(log_odds: float) -> float:
    """1 minus the probability of the less likely class, or that: scores near 1 are as finely told apart as near 0."""
    rarer = 1.0 / (1.0 + math.exp(min(abs(log_odds), 700.0)))
    return 1.0 - rarer if log_odds > 0 else rarer


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
