"""python -m mathmill.pages: WARC files to pages of text with their formulas, without copies (paper 2.1).

Every response is decoded, stripped of boilerplate and turned into text in which formulas stand as `$..$` and `$$..$$`;
what is broken, too large or no HTML is counted and left out. Copies go by URL, by text and by MinHash.
Examples: python -m mathmill.pages 'pages.crawl=[/data/crawl]'    make exp pages.near.threshold=0.7
"""

from mathmill.workflow.stage import Stage, launch


def body(stage: Stage) -> float:
    """Write data/pages and reports/pages.json; the value of a sweep is the number of pages that are left."""
    from pathlib import Path

    from mathmill.pages.run import make_pages
    from mathmill.workflow.errors import UserError
    from mathmill.workflow.files import publish, write_json

    crawl: list[Path | str] = [*stage.inputs("crawl"), *stage.remote_inputs().get("crawl", [])]
    folder, report = make_pages(crawl, stage.section, stage.scratch, stage.runtime.engine, stage.runtime.fetch)
    if not report["pages"]:
        raise UserError(f"not one page could be read (key pages.crawl); set aside: {report['dropped'] or 'nothing'}")
    publish(folder, stage.output("pages"))
    write_json(stage.output("report"), report)
    stage.run.metrics({name: report[name] for name in ("responses", "extracted", "pages", "characters")})
    stage.run.metrics({f"dropped/{reason}": count for reason, count in report["dropped"].items()})
    stage.run.metrics({f"copies/{rule}": count for rule, count in report["copies"].items()})
    return float(report["pages"])


if __name__ == "__main__":
    launch("pages", body)
