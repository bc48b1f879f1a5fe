from mathmill.report.corpus import Truth, read_corpus, score
from mathmill.report.facts import Sources


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
