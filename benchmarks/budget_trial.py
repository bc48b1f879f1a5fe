"""The table of the budget trial: what each job of the sweep corpus_budget collected, and how the model on it did.

    python -m mathmill.workflow.chain corpus,decontaminate,tokens,pretrain,evaluate sweep=corpus_budget
    python benchmarks/budget_trial.py [FOLDER of the sweep; default: the newest one]

Precision and recall of the cut are against the microworld's ground truth (blank where the crawl is another).
"""

import sys
from pathlib import Path

from mathmill.report.corpus import kept_urls
from mathmill.report.truth import read_truth, score
from mathmill.workflow.files import read_json

STAGES = "corpus-decontaminate-tokens-pretrain-evaluate"


def main(words: list[str]) -> None:
    folders = sorted(Path("multirun", STAGES).glob("*"), key=lambda path: path.stat().st_mtime)
    if not words and not folders:
        sys.exit(f"no sweep under multirun/{STAGES}; run it first (see --help in this file's head)")
    folder = Path(words[0]) if words else folders[-1]
    truth_folder = Path("data/microworld/truth")
    truth = read_truth(truth_folder) if truth_folder.exists() else None
    print("| cut, tokens | pages | precision / recall | passes | bits per byte, page / solution | accuracy, % (95 %) |")
    print("|---|---|---|---|---|---|")
    for job in sorted(folder.glob("[0-9]*"), key=lambda path: int(path.name)):
        corpus = read_json(job / "reports/corpus.json")
        urls = kept_urls(job / "data/corpus" / f"round_{len(corpus['rounds'])}")
        quality = ""
        if truth is not None and truth.knows(urls):
            quality = "{:.3f} / {:.3f}".format(*score(urls, truth))
        (trained,) = [read_json(path) for path in (job / "reports/pretrain").glob("*.json")]
        (evaluated,) = [read_json(path) for path in (job / "reports/evaluate").glob("*.json")]
        (bench,) = evaluated["benchmarks"].values()
        bits = " / ".join(f"{bench['bits_per_byte'][kind]['bits_per_byte']:.3f}" for kind in ("page", "solution"))
        right = bench["greedy"]["lenient"]
        accuracy = "{:.1f} ({:.1f} to {:.1f})".format(*(100 * right[end] for end in ("value", "low", "high")))
        passes = f"{trained['epochs']['corpus']:.2f}"
        print(f"| {corpus['tokens']:,} | {corpus['pages']:,} | {quality} | {passes} | {bits} | {accuracy} |")


if __name__ == "__main__":
    main(sys.argv[1:])
