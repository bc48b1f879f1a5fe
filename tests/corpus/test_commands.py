"""The commands around the rounds, as a user types them."""

from pathlib import Path

import pytest

from mathmill.corpus.annotations import read_annotations
from mathmill.corpus.commands import main
from mathmill.corpus.run import make_corpus, publish_corpus
from mathmill.workflow.files import read_jsonl, write_jsonl

from .conftest import SERIAL, config, maths


@pytest.fixture
def project(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a finished corpus stage."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "dvc.yaml").write_text("stages: {}\n")
    (root / "data").mkdir()
    (world / "pages").rename(root / "data" / "pages")
    inputs = (root / "data" / "pages", [world / "seed.parquet"], world / "annotations.yaml")
    folder, _ = make_corpus(*inputs, config(rounds=1), tmp_path / "s", SERIAL)
    publish_corpus(folder, root / "data" / "corpus")
    monkeypatch.chdir(root)
    return root


def test_propose_review_accept(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["annotate", "--annotations", "own.yaml", "--propose", "review.yaml", "--min-share", "0.3"])
    assert "review it" in capsys.readouterr().out
    main(["annotate", "--annotations", "own.yaml", "--accept", "review.yaml"])
    assert "mixed.org/school" in read_annotations(project / "own.yaml") or "algebra.org/notes" in read_annotations(
        project / "own.yaml"
    )
    assert not any("shop" in prefix for prefix in read_annotations(project / "own.yaml"))


def test_annotate_on_the_terminal(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "y")
    main(["annotate", "--annotations", "own.yaml"])
    assert read_annotations(project / "own.yaml")


def test_sample_and_estimate(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["sample", "labels.jsonl", "--per-band", "20"])
    head, *rows = read_jsonl(project / "labels.jsonl")
    write_jsonl(project / "labels.jsonl", [head, *({**row, "label": maths(row["url"])} for row in rows)])
    main(["estimate", "labels.jsonl"])
    text = capsys.readouterr().out
    assert "precision: " in text
    assert "recall: " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["annotate", "--annotations", "own.yaml", "--round", "9"], "no finished round 9"),
        (["annotate", "--annotations", "own.yaml", "--corpus", "nowhere"], "no finished round"),
        (["annotate", "--annotations", "own.yaml", "--accept", "none.yaml"], "no such file"),
        (["estimate", "none.jsonl"], "none.jsonl"),
    ],
)
def test_what_a_user_can_mend_ends_with_code_2(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err
