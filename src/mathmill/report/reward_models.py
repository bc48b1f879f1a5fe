"""Reward models (paper 4.1.2 and 4.1.3): how well their scores tell right from wrong on held-out questions."""

from html import escape
from typing import Any

from mathmill.report import html
from mathmill.report.facts import Fact, Sources
from mathmill.report.figures import Drawn, Studio

# Where scores are read, in the order of the table; an outcome model has whole solutions alone.
_PLACES = {"solutions": "whole solutions", "last_step": "last steps", "inner_steps": "steps before the last"}


def read_reward_models(sources: Sources) -> dict[str, dict[str, Any]]:
    """Kind -> `held_out` of reports/reward/KIND.json, and its source."""
    found = {}
    for kind in sources.items("reward"):
        label = f"reward/{kind}"
        found[kind] = {"held_out": sources.json(label)["held_out"], "source": sources.name(label)}
    return found


def draw(studio: Studio, models: dict[str, dict[str, Any]]) -> list[Drawn]:
    """Calibration: how often outputs are right that a score says are right so often."""
    drawn = []
    for kind, model in models.items():
        bins = model["held_out"]["solutions"].get("bins", [])
        drawn.append(
            studio.lines(
                f"reward_{kind}_calibration",
                f"Calibration of the {kind} reward model",
                {
                    "observed": [(one["predicted"], one["observed"]) for one in bins],
                    "perfect": [(0.0, 0.0), (1.0, 1.0)],
                },
                x="score",
                y="share that is right",
                caption="Whole solutions of held-out questions, in ten bins by score.",
                source=model["source"],
            )
        )
    return drawn


def section(models: dict[str, dict[str, Any]], drawn: list[Drawn]) -> list[str]:
    """Table and figures; nothing where no reward model was trained."""
    if not models:
        return []
    rows = []
    for kind, model in models.items():
        for place, title in _PLACES.items():
            if model["held_out"].get(place, {}).get("n"):
                rows.append([f"{escape(kind)}, {title}", *_cells(model["held_out"][place], model["source"])])
    header = ["", "scored", "right, %", "AUC", "accuracy, %", "always the commoner, %", "calibration error"]
    caption = "On held-out questions; AUC with a bootstrap interval over questions; calibration error over ten bins."
    return ["<h3>Reward models</h3>", html.table(header, rows, caption), html.figures(drawn)]


def _cells(found: dict[str, Any], source: str) -> list[str]:
    low, high = found["auc_interval"] or (None, None)
    return [
        html.number(Fact(found["n"], source)),
        html.percent(Fact(found["right"] / found["n"], source)),
        html.decimal(Fact(found["auc"], source, low, high)) if found["auc"] is not None else "",
        html.percent(Fact(found["accuracy"], source)),
        html.percent(Fact(found["majority_accuracy"], source)),
        html.decimal(Fact(found["ece"], source)),
    ]
