"""A person (or a file that a person reviews) marks prefixes of a finished stage's candidates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mathmill.corpus.annotate import accept, annotate, last_round, propose, read_candidates, write_proposal
from mathmill.corpus.annotations import Decision, read_annotations, read_decisions
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_json


def group(prefix: str, pages: int, kept: int) -> dict:
    sample = {"url": f"http://{prefix}/1", "score": 0.5, "kept": False, "title": "Roots: a [x]", "formulas": ["x^2"]}
    return {"prefix": prefix, "pages": pages, "kept": kept, "samples": [sample]}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two hosts, three prefixes: big.org/maths promises most: many of its pages were collected, many are left."""
    folder = tmp_path / "corpus"
    listed = [
        {"host": "a.org", "prefixes": [group("a.org/sums", 10, 9)]},
        {"host": "big.org", "prefixes": [group("big.org/maths", 50, 20), group("big.org/news", 30, 0)]},
    ]
    write_json(folder / "round_1" / "round.json", {})
    write_json(folder / "round_2" / "round.json", {})
    write_json(folder / "round_2" / "candidates.json", listed)
    return folder


def answers(*words: str) -> Callable[[str], str]:
    """Types one answer after the other; then the input is at its end."""
    left = iter(words)

    def ask(_: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return ask


def talk(corpus: Path, path: Path, *words: str) -> list[str]:
    shown: list[str] = []
    annotate(read_candidates(corpus, last_round(corpus)), path, 2, answers(*words), shown.append)
    return [text.split("\n")[2].split()[0] for text in shown]


def test_the_prefixes_that_promise_most_come_first(corpus: Path) -> None:
    assert [one.prefix for one in read_candidates(corpus, 2)] == ["big.org/maths", "big.org/news", "a.org/sums"]


def test_answers_are_written_and_not_asked_again(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert talk(corpus, path, "y", "no", "q") == ["big.org/maths", "big.org/news", "a.org/sums"]
    assert read_decisions(path) == [
        Decision("big.org/maths", True, "round 2: 20 of 50 pages collected"),
        Decision("big.org/news", False, "round 2: 0 of 30 pages collected"),
    ]
    assert talk(corpus, path, "Y") == ["a.org/sums"]
    assert read_annotations(path) == ["a.org/sums", "big.org/maths"]
    assert talk(corpus, path) == []


def test_a_host_as_a_whole_settles_its_prefixes(corpus: Path, tmp_path: Path) -> None:
    assert talk(corpus, tmp_path / "a.yaml", "h") == ["big.org/maths", "a.org/sums"]
    assert read_annotations(tmp_path / "a.yaml") == ["big.org"]


def test_skip_asks_again_next_time_and_undo_takes_back(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# mine\n- z.org\n")
    assert talk(corpus, path, "s", "y") == ["big.org/maths", "a.org/sums"]
    assert read_annotations(path) == ["a.org/sums", "z.org"]
    assert talk(corpus, path, "y", "u", "n") == ["big.org/maths", "big.org/news", "big.org/maths", "big.org/news"]
    assert read_annotations(path) == ["a.org/sums", "z.org"]
    assert path.read_text().startswith("# mine\n- z.org\n")


def test_a_word_that_is_no_answer_asks_again(corpus: Path, tmp_path: Path) -> None:
    assert talk(corpus, tmp_path / "a.yaml", "perhaps", "") == ["big.org/maths"] * 3
    assert read_annotations(tmp_path / "a.yaml") == []


def test_a_proposal_is_reviewed_and_accepted(corpus: Path, tmp_path: Path) -> None:
    path, review = tmp_path / "a.yaml", tmp_path / "review.yaml"
    path.write_text("- a.org/sums\n")
    write_proposal(review, propose(read_candidates(corpus, 2), read_decisions(path), 2, 0.3))
    text = review.read_text()
    assert "a.org/sums" not in text  # decided before
    assert "$x^2$" in text
    assert [one.mark for one in read_decisions(review)] == [True, False]
    review.write_text(text.replace("prefix: big.org/news\n  mark: false", "prefix: big.org/news\n  mark: true"))
    assert len(accept(review, path)) == 2
    assert accept(review, path) == []
    assert read_annotations(path) == ["a.org/sums", "big.org/maths", "big.org/news"]
    with pytest.raises(UserError, match="exists already"):
        write_proposal(review, "[]\n")


def test_nothing_to_propose_is_an_empty_list(corpus: Path, tmp_path: Path) -> None:
    known = [Decision("a.org", False), Decision("big.org", True)]
    write_proposal(tmp_path / "r.yaml", propose(read_candidates(corpus, 2), known, 2, 0.3))
    assert read_decisions(tmp_path / "r.yaml") == []


def test_a_stage_that_has_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dvc repro corpus"):
        last_round(tmp_path)
