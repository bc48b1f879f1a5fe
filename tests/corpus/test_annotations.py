"""The annotation file is read in any spelling, and edited without losing what stands in it."""

from pathlib import Path

import pytest

from mathmill.corpus.annotations import Decision, append, read_annotations, read_decisions
from mathmill.workflow.errors import UserError


def test_annotations_in_any_spelling(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "- prefix: https://www.Maths.org/Notes/\n- maths.org/Notes\n- prefix: other.org\n  note: all of it\n"
    )
    assert read_annotations(path) == ["maths.org/Notes", "other.org"]
    path.write_text("")
    assert read_annotations(path) == []


@pytest.mark.parametrize("content", ["- note: x\n", "- 3\n", "- prefix: 'ftp://x/y'\n", "a: [\n"])
def test_bad_annotations_name_the_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=r"a\.yaml"):
        read_annotations(path)


def test_a_rejected_prefix_is_no_mark_and_the_last_word_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("- prefix: a.org/x\n- prefix: b.org\n  mark: false\n- prefix: a.org/x\n  mark: false\n- c.org\n")
    assert read_annotations(path) == ["c.org"]
    assert read_decisions(path)[1] == Decision("b.org", mark=False)


def test_entries_are_added_after_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    before = "# marked by Ann\n- prefix: a.org/x # sure\n"
    append(path, before, [Decision("b.org/%E6%95%B0", True, "round 1: 3 of 4"), Decision("c.org", False)])
    assert path.read_text().startswith(before)
    assert read_decisions(path)[1:] == [Decision("b.org/%E6%95%B0", True, "round 1: 3 of 4"), Decision("c.org", False)]
    append(path, before, [])
    assert path.read_text() == before


@pytest.mark.parametrize("before", ["[]\n", "", "# nothing yet\n[]\n", "[a.org/x, {prefix: b.org}]\n"])
def test_lists_in_brackets_are_written_anew(tmp_path: Path, before: str) -> None:
    path = tmp_path / "a.yaml"
    append(path, before, [Decision("c.org/y", True)])
    assert read_annotations(path) == (["a.org/x", "b.org", "c.org/y"] if "a.org" in before else ["c.org/y"])
    assert path.read_text().startswith("# nothing yet") == before.startswith("#")


def test_a_missing_file_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\[\]"):
        read_decisions(tmp_path / "none.yaml")
