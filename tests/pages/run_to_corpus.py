"""Crawl files to pages to a corpus in two rounds, with worker processes: what test_killed.py starts and kills.

Arguments: the folder with crawl/, seed.jsonl and annotations.yaml; the scratch folder; the folder for the results.
"""

import sys
from pathlib import Path

from mathmill.corpus.config import ClassifierConfig, CorpusConfig
from mathmill.corpus.run import make_corpus, publish_corpus
from mathmill.pages.config import PagesConfig
from mathmill.pages.run import make_pages
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.files import publish, write_json


def main() -> None:
    world, scratch, out = map(Path, sys.argv[1:4])
    engine = EngineConfig(backend="pool", workers=2, progress=False)
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "ready").touch()
    pages, report = make_pages([world / "crawl"], PagesConfig(), scratch / "pages", engine)
    publish(pages, out / "pages")
    write_json(out / "pages.json", report)
    classifier = ClassifierConfig(
        dim=16, lr=0.5, word_ngrams=1, min_count=1, epochs=None, min_updates=3000, bucket=30_000, row_words=20
    )
    params = CorpusConfig(classifier=classifier, budget_share=[0.3, 0.4], rounds=2)
    folder, found = make_corpus(
        out / "pages", [world / "seed.jsonl"], world / "annotations.yaml", params, scratch / "corpus", engine
    )
    publish_corpus(folder, out / "corpus")
    write_json(out / "corpus.json", found)


if __name__ == "__main__":
    main()
