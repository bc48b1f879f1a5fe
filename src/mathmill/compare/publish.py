"""Write a comparison down: the JSON and CSV beside the other reports, the same table at the sweep's run in MLflow."""

import csv
import io
from pathlib import Path
from typing import Any

from mathmill.compare.collect import collect
from mathmill.compare.specs import FOLDER, Comparison
from mathmill.workflow.files import read_json, write_json, write_text
from mathmill.workflow.sweep import PARENT_FILE
from mathmill.workflow.tracking_store import open_store

COLUMNS = ("title", "metric", "before", "after", "difference", "low", "high", "seeds")


def publish(root: Path, comparison: Comparison, folder: Path) -> Path:
    """Collect the finished jobs of `folder` into reports/comparisons/NAME.json and .csv; returns the JSON file."""
    from mathmill.workflow.tracking import Run
    from mathmill.workflow.tracking_buffer import SPILL

    parent = read_json(root / folder / PARENT_FILE)
    store = open_store(root, parent["store"])
    # What all jobs ran with: the sweep's own file and seeds say the rest.
    facts = {**collect(comparison, root / folder, store), "parent": parent["run"], "overrides": parent["fixed"]}
    path = root / FOLDER / f"{comparison.name}.json"
    write_json(path, facts)
    write_text(path.with_suffix(".csv"), to_csv(facts))
    run = Run(store, parent["run"], root, root / folder / f"{parent['run']}.{SPILL}")
    for row in facts["pairs"]:
        run.metrics({f"difference/{row['pair']}/{row['metric']}": row["difference"]})
    run.table("comparison", rows(facts))
    run.tag("comparison", comparison.name)
    run.flush()
    return path


def rows(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """A flat row for each pair and metric, with the two means."""
    found = []
    for pair in facts["pairs"]:
        means = {side: facts["arms"][pair[side]]["values"][pair["metric"]]["mean"] for side in ("before", "after")}
        found.append(
            {
                "title": pair["title"],
                "metric": facts["metrics"][pair["metric"]]["title"],
                **means,
                **{key: pair[key] for key in ("difference", "low", "high")},
                "seeds": len(pair["seeds"]),
            }
        )
    return found


def to_csv(facts: dict[str, Any]) -> str:
    """The table as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(facts))
    return text.getvalue()


def to_text(facts: dict[str, Any]) -> str:
    """The table as Markdown, for a terminal and for docs/results.md."""
    seeds = len(facts["seeds"])
    settings = " ".join([f"scale={facts['scale']}", *facts["overrides"]])
    lines = [
        f"{facts['title']}: {seeds} seeds, {settings}, {facts['seconds'] / 60:.0f} minutes of runs. "
        f"{facts['method']}, {100 * facts['confidence']:.0f} %.",
        "",
        "| after instead of before | metric | before | after | difference (interval) |",
        "|---|---|---|---|---|",
    ]
    for row in rows(facts):
        ends = "" if row["low"] is None else f" ({row['low']:+.4f} to {row['high']:+.4f})"
        lines.append(
            f"| {row['title']} | {row['metric']} | {row['before']:.4f} | {row['after']:.4f} "
            f"| {row['difference']:+.4f}{ends} |"
        )
    return "\n".join(lines)
