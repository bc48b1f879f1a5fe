"""The section on the corpus: rounds, quality, what was planted, what extraction dropped."""

from html import escape

from mathmill.report import html
from mathmill.report.corpus import Corpus, Labelled
from mathmill.report.facts import Fact
from mathmill.report.figures import Drawn
from mathmill.report.html import number, percent

_COLUMNS = {
    "pages": "pages",
    "tokens": "tokens",
    "hosts": "hosts",
    "hosts_flagged": "hosts flagged",
    "seed_growth": "new seed pages",
}
_SHARES = {
    "overlap_pages": "pages known before, %",
    "overlap_tokens": "tokens known before, %",
    "held_out_auc": "held-out AUC, %",
    "held_out_precision": "held-out precision, %",
    "held_out_recall": "held-out recall, %",
}


def corpus_section(corpus: Corpus | None, drawn: list[Drawn]) -> list[str]:
    """The parts of the section; where the crawl is the user's own, nothing in it is measured against the microworld."""
    if corpus is None:
        return [html.missing("The corpus by round", "dvc repro corpus")]
    return [
        html.paragraph(_intro(corpus)),
        _rounds(corpus),
        _labels(corpus.labelled) if corpus.labelled else "",
        html.figures([one for one in drawn if "_round_" not in one.stem]),
        "<details><summary>Scores, cut and calibration of each round</summary>"
        + html.figures([one for one in drawn if "_round_" in one.stem])
        + "</details>",
        _genres(corpus),
        html.paragraph(_decontamination(corpus)) if corpus.decontamination else "",
        _planted(corpus),
        _crawl(corpus),
    ]


def _intro(corpus: Corpus) -> str:
    how = (
        "A classifier that starts from a narrow seed ranks them; hosts that turn out mathematical and the annotated "
        "paths feed the next round (paper 2.1)."
    )
    if corpus.has_truth:
        return (
            f"The crawl holds {number(corpus.final['crawled'])} addresses, of which "
            f"{number(corpus.final['mathematics'])} different pages are mathematics. {how}"
        )
    judged = (
        "Precision and recall below are estimates from labels that a person gave to a drawn sample."
        if corpus.labelled
        else "Draw a sample and label it to estimate them: <code>python -m mathmill.corpus sample labels.jsonl</code>."
    )
    return (
        f"The pages are a crawl of your own, of which no ground truth says what each page is, so neither precision "
        f"nor recall can be counted. {judged} {how}"
    )


def _rounds(corpus: Corpus) -> str:
    """One row a round; the last row is the corpus itself."""
    quality = ["recall", "precision"] if corpus.has_truth else []
    counts = [key for key in _COLUMNS if any(key in one.facts for one in corpus.rounds)]
    shares = [key for key in _SHARES if any(key in one.facts for one in corpus.rounds)]
    rows = []
    for one in corpus.rounds:
        cells = [percent(one.facts[key]) for key in quality]
        cells += [number(one.facts[key]) if key in one.facts else "" for key in counts]
        cells += [percent(one.facts[key]) if key in one.facts else "" for key in shares]
        rows.append([str(one.number), *cells])
    last = [percent(corpus.final[key]) for key in quality]
    last += [number(corpus.final[key]) if key in corpus.final else "" for key in counts]
    rows.append(["final", *last, *[""] * len(shares)])
    header = ["round", *(f"{key}, %" for key in quality), *(_COLUMNS[key] for key in counts)]
    header += [_SHARES[key] for key in shares]
    caption = "Held-out columns: documents of the training set's kind that the round's classifier has not seen, at 0.5."
    if corpus.has_truth:
        caption = "Recall and precision against the ground truth of the microworld; copies count once. " + caption
    return html.table(header, rows, caption)


def _labels(labelled: Labelled) -> str:
    """Estimates from hand labels, and the counts behind them."""
    facts = labelled.facts
    words = (
        f"By hand labels, the cut of round {labelled.round} has a precision of {percent(facts['precision'])} % and a "
        f"recall of {percent(facts['recall'])} %; about {number(facts['positives'])} pages of the crawl belong."
    )
    if labelled.stale:
        words += " <strong>The labels were drawn from another cut than the one shown above: draw a new sample.</strong>"
    source = facts["precision"].source
    rows = [
        [escape(name), *(number(Fact(value, source)) for value in (pages, seen, right))]
        for name, pages, seen, right in labelled.bands
    ]
    header = ["band of score", "pages", "labelled", "belong"]
    return html.paragraph(words) + html.table(header, rows, "Each band counts by its size.")


def _genres(corpus: Corpus) -> str:
    """Recall by genre and round: the rounds have to discover what the seed does not cover."""
    if not corpus.rounds or not corpus.rounds[-1].by_genre:
        return ""
    header = ["genre", *(f"round {one.number}, %" for one in corpus.rounds)]
    rows = [
        [escape(genre), *(percent(one.by_genre[genre]) for one in corpus.rounds)]
        for genre in corpus.rounds[-1].by_genre
    ]
    return html.table(
        header, rows, "Recall by genre of page: what the seed does not cover, the rounds have to discover."
    )


def _decontamination(corpus: Corpus) -> str:
    """What decontamination found, in words."""
    there, cut = (
        number(Fact(sum(pair[place].value for pair in corpus.planted.values()), corpus.planted["corpus"][place].source))
        for place in (0, 1)
    )
    clean = corpus.decontamination
    return (
        f"Decontamination (paper 2.1) found {cut} of {there} planted quotations of benchmark problems and cut them "
        f"out. Of {number(clean['lookalikes'])} pages that only resemble benchmark problems it kept "
        f"{number(clean['lookalikes_kept'])}, {number(clean['lookalikes_whole'])} of them without a line lost. "
        f"{number(clean['texts_touched'])} texts of all sources were touched."
    )


def _planted(corpus: Corpus) -> str:
    if not corpus.planted:
        return ""
    rows = [[escape(source), number(there), number(gone)] for source, (there, gone) in corpus.planted.items()]
    return html.table(["source", "planted quotations", "cut out"], rows)


def _crawl(corpus: Corpus) -> str:
    """What extraction left, and why the rest fell."""
    if not corpus.crawl:
        return ""
    rows = [[escape(name), number(fact)] for name, fact in corpus.crawl.items()]
    counts = html.table(["records of the crawl", ""], rows)
    return f"<details><summary>From WARC records to pages</summary>{counts}</details>"
