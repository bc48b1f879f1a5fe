"""The figures of the corpus: what grew from round to round, and each round's scores, cut and calibration."""

from mathmill.report.corpus import Corpus, Round
from mathmill.report.figures import Drawn, Studio


def corpus_figures(studio: Studio, corpus: Corpus | None) -> list[Drawn]:
    """Figures over the rounds, then two for each round."""
    if corpus is None or not corpus.rounds:
        return []
    rounds = corpus.rounds
    name = rounds[-1].facts["pages"].source.split("round_")[0]
    found = []
    if corpus.has_truth:
        found += _quality(studio, rounds, f"{name}round_*")
    else:
        found.append(_size(studio, rounds, f"{name}round_*"))
    if any("overlap_tokens" in one.facts for one in rounds):
        found.append(_overlap(studio, rounds, f"{name}round_*"))
    for one in rounds:
        found += [_scores(studio, one, name), _calibration(studio, one, name)]
    return found


def _by_round(rounds: list[Round], fact: str) -> list[tuple[float, float]]:
    return [(float(one.number), one.facts[fact].value) for one in rounds if fact in one.facts]


def _quality(studio: Studio, rounds: list[Round], source: str) -> list[Drawn]:
    quality = {name: _by_round(rounds, name) for name in ("recall", "precision")}
    langs = {lang: [(float(one.number), one.by_lang[lang].value) for one in rounds] for lang in rounds[-1].by_lang}
    return [
        studio.lines(
            "corpus_quality",
            "Mathematics found, by round",
            quality,
            x="round",
            y="percent",
            caption="Recall and precision of mathematical pages against the ground truth, after each round.",
            source=source,
            percent=True,
        ),
        studio.lines(
            "corpus_languages",
            "Recall by language",
            langs,
            x="round",
            y="percent",
            caption="Recall of mathematical pages by language, after each round.",
            source=source,
            percent=True,
        ),
    ]


def _size(studio: Studio, rounds: list[Round], source: str) -> Drawn:
    data = {"pages": _by_round(rounds, "pages"), "new seed pages": _by_round(rounds, "seed_growth")}
    return studio.lines(
        "corpus_size",
        "Pages collected, by round",
        data,
        x="round",
        y="pages",
        caption="Pages above the cut, and pages under marked paths that the cut missed and that join the seed.",
        source=source,
    )


def _overlap(studio: Studio, rounds: list[Round], source: str) -> Drawn:
    data = {unit: _by_round(rounds, f"overlap_{unit}") for unit in ("pages", "tokens")}
    return studio.lines(
        "corpus_overlap",
        "Collected in the round before",
        data,
        x="round",
        y="percent",
        caption="Share of a round's pages and tokens that the round before had collected; the paper stopped at 98 %.",
        source=source,
        percent=True,
    )


def _scores(studio: Studio, one: Round, name: str) -> Drawn:
    top = max(pages for _, pages in one.scores)
    return studio.lines(
        f"corpus_round_{one.number}_scores",
        f"Round {one.number}: scores of all pages",
        {"pages": one.scores, "cut": [(one.threshold, 0.0), (one.threshold, top)]},
        x="log odds of the score",
        y="pages",
        caption=f"Pages of the crawl by score in round {one.number}; right of the line they are collected.",
        source=f"{name}round_{one.number}/histogram.json",
    )


def _calibration(studio: Studio, one: Round, name: str) -> Drawn:
    return studio.lines(
        f"corpus_round_{one.number}_calibration",
        f"Round {one.number}: calibration",
        {**one.calibration, "calibrated": [(0.0, 0.0), (1.0, 1.0)]},
        x="score",
        y="percent that belong",
        caption=f"Share of documents of the domain by score in round {one.number}: held-out documents (as many of each "
        "class), and all pages where there is a ground truth (the domain is rare there, so the line lies lower).",
        source=f"{name}round_{one.number}/round.json",
        percent=True,
    )
