"""What no model at all would score: the baselines that a sceptic asks for."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from mathmill.evaluate.item import Item
from mathmill.evaluate.stats import wilson
from mathmill.reward.config import VerifierConfig
from mathmill.reward.extract import last_number
from mathmill.reward.verifier import canonical, same_answer


def baselines(
    items: Sequence[Item],
    training: Sequence[Item],
    confidence: float = 0.95,
    verifier: VerifierConfig | None = None,
) -> dict[str, Any]:
    """Accuracy of four rules that know the training answers but do not read the question (the fourth reads one number).

    - `random`: an answer drawn from the training answers of the problem's family. The figure is the exact expectation
      over the draw; its interval is that of a run of that accuracy.
    - `frequent`: the most frequent training answer of all; `frequent_in_family`: that of the problem's family.
    - `last_number`: the last number of the question (needs no training set).

    A family without training answers falls back on all of them; their problems are counted in `unknown_family`.
    """
    keys = [canonical(item.answer, verifier) for item in training]
    everything, by_family = Counter(key for key in keys if key is not None), _by_family(training, keys)
    overall = _most_frequent(everything)
    rules: dict[str, Callable[[Item], float]] = {
        "last_number": lambda item: _equals(last_number(item.question), item.answer, verifier),
    }
    if everything:
        rules |= {
            "random": lambda item: _share(by_family.get(item.family, everything), canonical(item.answer, verifier)),
            "frequent": lambda item: _equals(overall, item.answer, verifier),
            "frequent_in_family": lambda item: _equals(
                _most_frequent(by_family.get(item.family, everything)), item.answer, verifier
            ),
        }
    result: dict[str, Any] = {
        "training_answers": sum(everything.values()),
        "unknown_family": sum(1 for item in items if item.family not in by_family),
    }
    for name, rule in sorted(rules.items()):
        hits = [rule(item) for item in items]
        result[name] = {
            **_interval(sum(hits), len(items), confidence),
            "by_family": _group(items, hits, lambda item: item.family, confidence),
            "by_lang": _group(items, hits, lambda item: item.lang, confidence),
        }
    return result


def _by_family(training: Sequence[Item], keys: Sequence[str | None]) -> dict[str, Counter[str]]:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for item, key in zip(training, keys, strict=True):
        groups[item.family].update([] if key is None else [key])
    return dict(groups)


def _most_frequent(counts: Counter[str]) -> str | None:
    # Among equals the alphabet decides, so that the order of the training file does not.
    return min(counts, key=lambda key: (-counts[key], key)) if counts else None


def _share(counts: Counter[str], key: str | None) -> float:
    return counts[key] / counts.total() if key is not None else 0.0


def _equals(guess: str | None, answer: str, verifier: VerifierConfig | None) -> float:
    return float(guess is not None and same_answer(guess, answer, config=verifier))


def _interval(credit: float, items: int, confidence: float) -> dict[str, float]:
    interval = wilson(round(credit), items, confidence)
    return {**asdict(interval), "value": credit / items, "items": items}


def _group(
    items: Sequence[Item], hits: Sequence[float], key: Callable[[Item], str], confidence: float
) -> dict[str, dict[str, float]]:
    sums: dict[str, list[float]] = defaultdict(list)
    for item, credit in zip(items, hits, strict=True):
        sums[key(item)].append(credit)
    return {name: _interval(sum(values), len(values), confidence) for name, values in sorted(sums.items())}
