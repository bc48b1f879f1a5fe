"""Figures: each as SVG, PNG and CSV in reports/figures, and as inline SVG that follows the page's light or dark theme.

Bytes are a function of the data: fixed salt for ids, no dates.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from mathmill.report.facts import Fact
from mathmill.workflow.files import write_bytes, write_text

# Colours that read on white and on near-black, and apart for colour-blind eyes.
PALETTE = ("#3b82c4", "#d97a1a", "#2a9d6f", "#a86bc9", "#d1495b", "#8a8f98", "#b59a1c")
_INK, _GRID = "#20242a", "#d5d9df"
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 10,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "text.color": _INK,
    "axes.grid": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
}
_LEGEND = 66  # characters that fit beside each other under a figure; an entry takes its name and seven more

Series = dict[str, list[tuple[float, float]]]
Bands = dict[str, list[tuple[float, float]]]
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Drawn:
    """A figure on disk (`stem`.svg, .png, .csv) and as inline SVG, with its caption and the file of its numbers."""

    stem: str
    caption: str
    source: str
    inline: str


@dataclass(frozen=True)
class Studio:
    """Draws into a folder."""

    folder: Path

    def lines(
        self,
        stem: str,
        title: str,
        data: Series,
        *,
        x: str,
        y: str,
        caption: str,
        source: str,
        percent: bool = False,
        doubling: bool = False,
        bands: Bands | None = None,
    ) -> Drawn:
        """Lines over a common axis; series with few points get markers. doubling: equal steps for 1, 2, 4, 8 ...

        bands: for a series its intervals, (low, high) for each of its points, drawn as a shade.
        """
        times = 100 if percent else 1

        def draw(axes: Any) -> None:
            for number, (name, points) in enumerate(data.items()):
                xs, ys = [p[0] for p in points], [p[1] * times for p in points]
                marker = "o" if len(points) <= 40 else None
                colour = PALETTE[number % len(PALETTE)]
                axes.plot(xs, ys, label=name, color=colour, linewidth=1.6, marker=marker, markersize=3.5)
                if bands:
                    low, high = ([end * times for end in ends] for ends in zip(*bands[name], strict=True))
                    axes.fill_between(xs, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.set(xlabel=x, ylabel=y)
            if percent:
                axes.set_ylim(0, 103 if max(p[1] for points in data.values() for p in points) > 0.8 else None)
            if doubling:
                places = sorted({p[0] for points in data.values() for p in points})
                axes.set_xscale("log", base=2)
                axes.set_xticks(places, [f"{place:g}" for place in places])
            elif all(float(p[0]).is_integer() for points in data.values() for p in points):
                axes.xaxis.get_major_locator().set_params(integer=True)

        rows: Rows = [
            (name, point[0], *(round(times * value, 6) for value in (point[1], *(bands[name][place] if bands else ()))))
            for name, points in data.items()
            for place, point in enumerate(points)
        ]
        header = ("series", x, y, *(("low", "high") if bands else ()))
        return self._save(stem, title, draw, header, rows, caption, source)

    def intervals(
        self,
        stem: str,
        title: str,
        groups: dict[str, dict[str, Fact]],
        *,
        x: str,
        caption: str,
        zero: bool = False,
    ) -> Drawn:
        """Points with their intervals, in percent: one line a label, one colour a group (group -> label -> Fact)."""
        labels = list(dict.fromkeys(label for group in groups.values() for label in group))
        shared = len(labels) < sum(map(len, groups.values()))
        height = 0.95 + 0.22 * len(labels) * (1 + 0.35 * (len(groups) - 1) * shared)

        def draw(axes: Any) -> None:
            for number, (name, facts) in enumerate(groups.items()):
                shift = (number - (len(groups) - 1) / 2) * 0.7 / len(groups) if shared else 0.0
                colour = PALETTE[number % len(PALETTE)]
                for label, fact in facts.items():
                    place = labels.index(label) + shift
                    low, high = fact.ends
                    axes.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=1.6)
                places = [labels.index(label) + shift for label in facts]
                axes.plot([100 * f.value for f in facts.values()], places, "o", color=colour, markersize=4, label=name)
            if zero:
                axes.axvline(0, color=_INK, linewidth=0.8)
            axes.set_yticks(range(len(labels)), labels)
            axes.set_ylim(len(labels) - 0.4, -0.6)
            axes.grid(axis="y", visible=False)
            axes.set(xlabel=x)

        rows: Rows = [
            (name, label, fact.value, fact.low, fact.high, fact.source)
            for name, facts in groups.items()
            for label, fact in facts.items()
        ]
        header = ("group", "label", "value", "low", "high", "source")
        source = brief([part for row in rows for part in row[5].split(" + ")])
        return self._save(stem, title, draw, header, rows, caption, source, height)

    def _save(
        self,
        stem: str,
        title: str,
        draw: Callable[[Any], None],
        header: Sequence[str],
        rows: Rows,
        caption: str,
        source: str,
        height: float = 2.7,
    ) -> Drawn:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        write_text(self.folder / f"{stem}.csv", table.getvalue())
        with matplotlib.rc_context():
            matplotlib.rcdefaults()  # a user's own matplotlibrc must not reach the bytes
            parameters: Any = matplotlib.rcParams
            parameters.update({**_STYLE, "svg.hashsalt": stem})
            figure, axes = plt.subplots(figsize=(4.4, height))
            draw(axes)
            figure.suptitle(title, x=0.015, ha="left", fontsize=10)
            handles, names = axes.get_legend_handles_labels()
            if len(names) > 1:
                figure.legend(handles, names, loc="outside lower center", ncols=_columns(names))
            svg, png = io.BytesIO(), io.BytesIO()
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
            figure.savefig(png, format="png", dpi=160, metadata={"Software": None})
            plt.close(figure)
        text = svg.getvalue().decode()
        write_text(self.folder / f"{stem}.svg", text)
        write_bytes(self.folder / f"{stem}.png", png.getvalue())
        return Drawn(stem, caption, source, _inline(text, caption))


def _columns(names: Sequence[str]) -> int:
    """Of a legend: as many as fit beside each other, and no row much shorter than the others."""
    fit = max(1, min(4, _LEGEND // (max(map(len, names)) + 7)))
    return -(-len(names) // -(-len(names) // fit))


def brief(sources: Sequence[str]) -> str:
    """The names of files for a caption; many of one folder become `folder/*`."""
    names = list(dict.fromkeys(sources))
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    return ", ".join(f"{folder}/*" if len(held) > 2 else ", ".join(held) for folder, held in folders.items())


def _inline(svg: str, caption: str) -> str:
    """The SVG element alone, in the page's colours and without ids that would stand twice on the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="(?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick|legend)[^"]*"', "<g", svg)
    # The white sheet behind the figure is its first patch.
    svg = re.sub(r'style="fill: #ffffff"', 'style="fill: none"', svg, count=1)
    svg = svg.replace("fill: #ffffff", "fill: none").replace(_INK, "currentColor").replace(_GRID, "var(--grid)")
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    label = caption.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()
