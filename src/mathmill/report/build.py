"""Write the report: figures, page, summary."""

from pathlib import Path
from typing import Any

from mathmill.report.config import ReportConfig
from mathmill.report.draw import draw_all
from mathmill.report.facts import Sources, check_sources
from mathmill.report.gather import gather
from mathmill.report.ledger import ledger
from mathmill.report.page import render
from mathmill.report.page_claims import to_markdown
from mathmill.report.summary import summarise
from mathmill.workflow.files import publish, remove, write_json, write_text


def build(
    sources: Sources,
    config: ReportConfig,
    *,
    index: Path,
    summary: Path,
    figures: Path,
    claims: Path,
    scratch: Path,
) -> dict[str, Any]:
    """Write index.html, summary.json, the figures' folder and the ledger (claims: JSON, .md beside it).

    Returns the summary. UserError where an input is broken, or a number has no source among the project's files.
    """
    facts = gather(sources, config)
    rows = ledger(sources, config)
    content = summarise(facts)
    check_sources(sources.root, content)
    folder = scratch / "figures"
    remove(folder)
    folder.mkdir(parents=True)
    drawn = draw_all(facts, folder)
    page = render(facts, drawn, config, rows)
    publish(folder, figures)
    write_text(index, page)
    write_json(summary, content)
    write_json(claims, [row.as_json() for row in rows])
    write_text(claims.with_suffix(".md"), to_markdown(rows))
    return content
