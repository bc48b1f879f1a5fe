"""Comparisons over seeds (mathmill.compare wrote them): tables of arms and of differences, curves with intervals."""

from dataclasses import dataclass
from html import escape
from typing import Any

from mathmill.report import html
from mathmill.report.facts import Fact, Sources
from mathmill.report.figures import Drawn, Studio

# In the order of the paper; what else there is follows by name.
_ORDER = ("corpora", "code_first", "arxiv", "figure5", "figure5_same_reward", "paradigm", "iterative", "figure7")


@dataclass(frozen=True)
class OverSeeds:
    """One comparison: its facts as collected, and the file that holds them."""

    name: str
    facts: dict[str, Any]
    source: str

    @property
    def arms(self) -> dict[str, Any]:
        """The arms in the order of their declaration."""
        return {name: self.facts["arms"][name] for name in self.facts.get("order", self.facts["arms"])}


def read_comparisons(sources: Sources) -> list[OverSeeds]:
    """Every comparison that was run; UserError where a file is broken."""
    if not sources.has("comparisons"):
        return []
    names = [path.stem for path in sources.path("comparisons").glob("*.json")]
    return [
        OverSeeds(name, sources.json("comparisons", f"{name}.json"), sources.name("comparisons", f"{name}.json"))
        for name in sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    ]


def draw(studio: Studio, comparisons: list[OverSeeds]) -> dict[str, list[Drawn]]:
    """`comparison NAME` -> its figures: the curve of each arm, mean over seeds with its interval."""
    return {f"comparison {one.name}": [_curves(studio, one)] for one in comparisons if "curve" in one.facts}


def _curves(studio: Studio, one: OverSeeds) -> Drawn:
    arms = {name: arm["curve"] for name, arm in one.arms.items() if arm.get("curve")}
    curve = one.facts["curve"]
    return studio.lines(
        f"comparison_{one.name}",
        one.facts["title"],
        {name: [(row[curve["x"]], row["mean"]) for row in rows] for name, rows in arms.items()},
        x=curve["x"],
        y="percent",
        caption=f"{curve['title'].capitalize()}: mean over {len(one.facts['seeds'])} seeds, Student's 95 % intervals.",
        source=one.source,
        percent=True,
        bands={name: [_ends(row) for row in rows] for name, rows in arms.items()},
    )


def _ends(row: dict[str, float]) -> tuple[float, float]:
    """The interval of a point of a curve; the point itself where one seed has none."""
    return row.get("low", row["mean"]), row.get("high", row["mean"])


def section(comparisons: list[OverSeeds], drawn: dict[str, list[Drawn]]) -> list[str]:
    """The comparisons of a section of the page, one after the other."""
    parts = []
    for one in comparisons:
        facts = one.facts
        parts.append(f"<h3>{escape(facts['title'])}, {len(facts['seeds'])} seeds</h3>")
        # Reports of earlier versions do not say what else they ran with.
        ran = f" With {escape(' '.join(facts['overrides']))}." if facts.get("overrides") else ""
        parts.append(html.paragraph(f"{escape(facts['paper'])}. {escape(facts['note'])}{ran}"))
        parts += [_arms(one), html.figures(drawn.get(f"comparison {one.name}", [])), _pairs(one)]
    return parts


def _arms(one: OverSeeds) -> str:
    rows = []
    for name, arm in one.arms.items():
        values = [arm["values"].get(metric) for metric in one.facts["metrics"]]
        cells = [_cell(Fact(v["mean"], one.source, v.get("low"), v.get("high"))) if v else "" for v in values]
        rows.append([f"<b>{escape(name)}</b>: {escape(arm['title'])}", *cells])
    return html.table(["arm", *_headers(one)], rows, "Mean over seeds; small print: Student's interval.")


def _pairs(one: OverSeeds) -> str:
    """A row for each pair, a column for each metric."""
    rows: dict[str, dict[str, str]] = {}
    for pair in one.facts["pairs"]:
        fact = Fact(pair["difference"], one.source, pair["low"], pair["high"])
        rows.setdefault(pair["title"], {})[pair["metric"]] = _cell(fact, sign=True)
    cells = [[escape(title), *(row.get(metric, "") for metric in one.facts["metrics"])] for title, row in rows.items()]
    return html.table(["difference of equal seeds", *_headers(one)], cells, escape(one.facts["method"]) + ".")


def _headers(one: OverSeeds) -> list[str]:
    return [f"{escape(metric['title'])} ({metric['better']} is better)" for metric in one.facts["metrics"].values()]


def _cell(fact: Fact, sign: bool = False) -> str:
    return html.number(fact, sign=sign) if abs(fact.value) >= 1000 else html.decimal(fact, sign=sign)
