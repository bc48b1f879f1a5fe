import shutil
from pathlib import Path

import pytest

from mathmill.corpus.estimates import KIND
from mathmill.report.config import ReportConfig
from mathmill.report.corpus import read_corpus
from mathmill.report.facts import Sources
from mathmill.report.gather import gather
from mathmill.report.page import render
from mathmill.report.summary import summarise, to_text
from mathmill.report.truth import Truth, score
from mathmill.workflow.files import read_json, read_parquet, write_jsonl, write_parquet


def truth() -> Truth:
    """Three pages of mathematics, of which b is also at b2, and one page of news."""
    urls = ("a", "b", "b2", "c", "news")
    return Truth(
        is_math={url: url != "news" for url in urls},
        valid=dict.fromkeys(urls, True),
        genre=dict.fromkeys(urls, "forum"),
        lang=dict.fromkeys(urls, "en"),
        original={"a": "a", "b": "b", "b2": "b", "c": "c", "news": "news"},
        contaminated=frozenset(),
        lookalike=frozenset(),
        planted={},
    )


def test_copies_count_once() -> None:
    assert score({"a", "b2"}, truth()) == (1.0, 2 / 3)
    assert score({"a", "b", "b2", "news"}, truth()) == (2 / 3, 2 / 3)
    assert score({"a", "b", "c"}, truth()) == (1.0, 1.0)
    assert score(set(), truth()) == (0.0, 0.0)


def test_pages_unknown_to_the_truth_are_wrong() -> None:
    assert score({"a", "elsewhere"}, truth()) == (0.5, 1 / 3)


def test_rounds_and_decontamination(sources: Sources) -> None:
    corpus = read_corpus(sources, pages=4, characters=50)
    recalls = [one.facts["recall"].value for one in corpus.rounds]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1.0
    assert recalls[0] < 0.35
    assert corpus.rounds[-1].by_lang["zh"].value == 1.0
    assert set(corpus.rounds[-1].by_genre) == {"forum", "textbook", "zh_homework", "encyclopaedia"}
    assert corpus.final["mathematics"].value == 78
    assert {name: fact.value for name, fact in corpus.decontamination.items()} == {
        "texts_touched": 4,
        "pages_touched": 3,
        "lookalikes": 4,
        "lookalikes_kept": 3,
        "lookalikes_whole": 3,
    }
    assert [page["lang"] for page in corpus.samples] == ["en", "zh", "en", "zh"]
    assert all(len(page["text"]) <= 53 for page in corpus.samples)
    assert {name: fact.value for name, fact in corpus.crawl.items()} == {
        "files": 4,
        "responses": 230,
        "extracted": 205,
        "pages": 200,
        "dropped: quarantined:timeout": 1,
        "dropped: status": 29,
        "copies: near": 3,
        "copies: same url": 2,
    }
    pairs = {source: (there.value, gone.value) for source, (there, gone) in corpus.planted.items()}
    assert pairs == {"corpus": (3, 3), "code": (2, 1)}


def test_each_round_has_its_calibration_scores_and_cut(sources: Sources) -> None:
    corpus = read_corpus(sources, pages=0, characters=50)
    one = corpus.rounds[0]
    assert set(one.calibration) == {"held-out documents", "all pages"}
    assert all(0 <= x <= 1 and 0 <= y <= 1 for points in one.calibration.values() for x, y in points)
    assert one.calibration["all pages"][-1][1] > 0.5
    assert sum(pages for _, pages in one.scores) == 200
    assert one.threshold == 0.0
    assert one.facts["held_out_auc"].value == pytest.approx(5 / 6)


@pytest.fixture
def own(project: Path, sources: Sources, tmp_path: Path) -> Sources:
    """The project after a run over a crawl of the user's own: the microworld's truth lies about, and is not theirs."""
    root = tmp_path / "own"
    shutil.copytree(project, root)
    for path in (root / "data" / "corpus").rglob("*.parquet"):
        table = read_parquet(path)
        urls = [url.replace("host", "mine") for url in table.column("url").to_pylist()]
        place = table.column_names.index("url")
        write_parquet(path, table.set_column(place, table.schema.field(place), [urls]), table.schema)
    return Sources(root, {label: root / path.relative_to(project) for label, path in sources.paths.items()})


def with_labels(own: Sources, tmp_path: Path, pages: int) -> Sources:
    """The sources and a labelled sample of round 4, drawn from a cut of so many pages."""
    stored = read_json(own.path("rounds") / "round_4" / "round.json")
    head = {
        "kind": KIND,
        "round": 4,
        "corpus": {"pages": pages, "tokens": stored["tokens"], "threshold": 0.5},
        "bands": [
            {"name": "collected, 0.5 to 1", "kept": True, "pages": pages, "tokens": 1},
            {"name": "left, 0 to 0.5", "kept": False, "pages": 200 - pages, "tokens": 1},
        ],
    }
    rows = [{"band": n % 2, "label": n % 2 == 0 and n % 20 > 0} for n in range(40)]
    write_jsonl(tmp_path / "labels.jsonl", [head, *rows])
    return Sources(own.root, {**own.paths, "labels": tmp_path / "labels.jsonl"})


def page(sources: Sources) -> str:
    return render(gather(sources, ReportConfig(resamples=200)), {name: [] for name in DRAWN}, ReportConfig(), [])


DRAWN = ("corpus", "pretraining", "ablations", "evaluation", "reward", "reinforcement")


def test_a_crawl_of_the_users_own_is_not_measured_against_the_microworld(own: Sources) -> None:
    corpus = read_corpus(own, pages=4, characters=50)
    assert not corpus.has_truth
    assert set(corpus.final) == {"pages"}
    assert all("recall" not in one.facts and not one.by_genre for one in corpus.rounds)
    assert corpus.planted == {} == corpus.decontamination
    assert set(corpus.rounds[0].calibration) == {"held-out documents"}
    text = page(own)
    assert "neither precision nor recall can be counted" in text
    assert "recall of mathematics pages" not in text
    assert "planted" not in text
    said = to_text(summarise(gather(own, ReportConfig(resamples=200))))
    assert "no ground truth for this crawl" in said
    assert "recall" not in said


def test_labels_stand_in_for_the_truth(own: Sources, tmp_path: Path) -> None:
    pages = read_json(own.path("rounds") / "round_4" / "round.json")["pages"]
    labelled = with_labels(own, tmp_path, pages)
    found = read_corpus(labelled, pages=0, characters=50).labelled
    assert found is not None
    assert not found.stale
    assert found.facts["precision"].value == pytest.approx(0.9)
    assert found.facts["recall"].low < found.facts["recall"].value == 1.0
    assert "By hand labels, the cut of round 4" in page(labelled)
    assert "recall by hand labels" in to_text(summarise(gather(labelled, ReportConfig(resamples=200))))


def test_labels_of_another_cut_are_said_to_be_old(own: Sources, tmp_path: Path) -> None:
    labelled = with_labels(own, tmp_path, 60)
    assert "drawn from another cut" in page(labelled)
