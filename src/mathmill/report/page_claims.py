"""The ledger of claims on the page."""

from html import escape
from urllib.parse import quote

from mathmill.report import html
from mathmill.report.config import ReportConfig
from mathmill.report.ledger import HOLDS, NOT_RUN, NOT_TESTED, OPPOSITE, Finding, Row

SAYS = (
    "Each finding of the paper, with the comparison that repeats it in the generated world. A verdict is about models "
    "of about a million weights on generated pages and problems: where it agrees with the paper, it is an observation "
    "at this scale and no evidence for the paper's; where it does not, the same holds. The rule: the interval clear of "
    "zero in the claimed direction, the finding holds here; clear in the other, it does not; else it is not decided."
)
_CLASS = {HOLDS: "yes", OPPOSITE: "no"}


def claims_section(rows: list[Row], config: ReportConfig) -> list[str]:
    """The counts, then the table."""
    counts = {
        verdict: sum(row.verdict == verdict for row in rows) for verdict in dict.fromkeys(r.verdict for r in rows)
    }
    counted = ", ".join(f"{count} {escape(verdict)}" for verdict, count in sorted(counts.items()))
    table = html.table(
        ["", "finding, in our words", "verdict here", "effect (after minus before)", "seeds", "runs"],
        [_cells(row, config) for row in rows],
        names=2,
    )
    return [html.paragraph(SAYS), html.paragraph(f"{len(rows)} findings: {counted}."), table]


def _cells(row: Row, config: ReportConfig) -> list[str]:
    one = row.claim
    verdict = f'<span class="{_CLASS.get(row.verdict, "")}">{escape(row.verdict)}</span>'
    if row.verdict in (NOT_RUN, NOT_TESTED):
        why = f"<code>{escape(row.reason)}</code>" if row.verdict == NOT_RUN else escape(row.reason)
        effects = f"<small>{why}</small>"
    else:
        effects = "<br>".join(effect(finding) for finding in row.findings)
    note = f"<br><small>{escape(one.note)}</small>" if one.note else ""
    seeds = ", ".join(str(finding.seeds) for finding in row.findings)
    links = "<br>".join(link(finding, config) for finding in row.findings)
    place = f"<br><small>{escape(one.section)}, {escape(one.stage)}</small>"
    return [one.name, f"{escape(one.text)}{place}{note}", verdict, effects, seeds, links]


def effect(finding: Finding) -> str:
    """The measured difference with its interval and what it is of."""
    ends = "" if finding.low is None or finding.high is None else f" ({finding.low:+.3g} to {finding.high:+.3g})"
    what = f"<small>{escape(finding.metric)}; interval over {escape(finding.over)}</small>"
    return f'<span class="n" title="{escape(finding.source, quote=True)}">{finding.effect:+.3g}{ends}</span> {what}'


def link(finding: Finding, config: ReportConfig) -> str:
    """The runs behind a finding in the MLflow UI: by id, or by the digest of the report that they wrote."""
    if finding.runs:
        query = "attributes.run_id IN (" + ", ".join(f"'{run}'" for run in finding.runs) + ")"
        text = f"{len(finding.runs)} runs"
    else:
        query = f"dataset.digest = '{next(iter(finding.reports.values()))}'"
        text = "runs that wrote the report"
    address = f"{config.mlflow_url}/#/experiments/{config.experiment}/runs?searchFilter={quote(query)}"
    return f'<a href="{escape(address, quote=True)}">{text}</a>'


def to_markdown(rows: list[Row]) -> str:
    """The ledger as a page of the documentation; everything in it comes from reports/claims.json."""
    lines = [
        "# Claims of the paper",
        "",
        "Written by stage `report` (`reports/claims.md`); the facts with the ids of their runs stand in",
        "`reports/claims.json`. `make claims minutes=30` runs what is missing.",
        "",
        SAYS,
        "",
        "| | finding | section | verdict here | effect (interval) | seeds |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.findings:
            said = "; ".join(
                f"{finding.metric}: {finding.effect:+.3g}"
                + ("" if finding.low is None else f" ({finding.low:+.3g} to {finding.high:+.3g}, {finding.over})")
                for finding in row.findings
            )
        else:
            said = f"`{row.reason}`" if row.verdict == NOT_RUN else row.reason
        note = f" {row.claim.note}" if row.claim.note else ""
        seeds = ", ".join(str(finding.seeds) for finding in row.findings)
        lines.append(
            f"| {row.claim.name} | {row.claim.text}{note} | {row.claim.section} | {row.verdict} | {said} | {seeds} |"
        )
    return "\n".join(lines) + "\n"
