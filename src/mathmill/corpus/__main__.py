"""python -m mathmill.corpus: rounds that find the pages of a domain among all pages (paper 2.1).

Each round trains a fastText classifier on the seed, ranks all pages, keeps the best up to a token budget, flags hosts
with many kept pages, and adds what a person marked there, but the cut missed, to the seed of the next round.
Examples: python -m mathmill.corpus corpus.rounds=2    make exp 'corpus.budget_share=[0.1,0.2]'
By hand, before and after: python -m mathmill.corpus annotate | sample | label | estimate (each with --help).
"""

import sys

from mathmill.workflow.stage import Stage, launch


def body(stage: Stage) -> float:
    """Write data/corpus and reports/corpus.json; the value of a sweep is the number of pages in the corpus."""
    from mathmill.corpus.run import make_corpus, publish_corpus
    from mathmill.workflow.files import write_json

    folder, report = make_corpus(
        stage.input("pages"),
        stage.inputs("seed_corpus"),
        stage.input("annotations"),
        stage.section,
        stage.scratch,
        stage.runtime.engine,
    )
    publish_corpus(folder, stage.output("corpus"))
    if report["unmatched"]:
        shown = ", ".join(report["unmatched"][:20])
        print(
            f"corpus: {len(report['unmatched'])} marked prefixes met no page on a host that a round flagged: {shown}",
            file=sys.stderr,
        )
    write_json(stage.output("report"), report)
    for row in report["rounds"]:
        names = ("pages", "tokens", "hosts", "hosts_flagged", "seed_growth", "overlap_pages", "overlap_tokens")
        found = {f"round/{name}": float(row[name]) for name in names if row[name] is not None}
        stage.run.metrics({**found, "round/auc": row["classifier"]["auc"]}, step=row["round"])
    return float(report["pages"])


if __name__ == "__main__":
    from mathmill.corpus.commands import COMMANDS, main

    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        main(sys.argv[1:])
    else:
        launch("corpus", body)
