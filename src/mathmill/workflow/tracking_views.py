"""Saved views of the list of runs: which columns, which runs, in which order.

MLflow keeps a shared view as a tag of the experiment, in which its UI looks up what an address ending in
`viewStateShareKey=NAME` names. Every view can be changed on the page; the next opening by the address is as here.
"""

import json
from dataclasses import dataclass

TAG = "mlflow.sharedViewState."
_WHO = ("tags.stage", "tags.item", "tags.ablation", "tags.seed", "tags.scale")


@dataclass(frozen=True)
class View:
    """A view. columns: `tags.stage`, `metrics.test/accuracy`, in this order; runs: an MLflow filter, empty for all."""

    title: str
    columns: tuple[str, ...]
    runs: str = ""


VIEWS = {
    "runs": View(
        "all runs",
        (*_WHO, "metrics.test/accuracy", "metrics.final/held_out_accuracy", "metrics.validation/loss"),
    ),
    "scores": View(
        "accuracy on the benchmark",
        (*_WHO, "metrics.test/accuracy", "metrics.test/accuracy_lenient", "metrics.test/bits_per_byte/solution"),
        "tags.stage = 'evaluate'",
    ),
    "ablations": View(
        "pre-training and its ablations",
        (*_WHO, "params.pretrain.tokens", "metrics.train/loss", "metrics.bits_per_byte/corpus"),
        "tags.stage = 'pretrain'",
    ),
    "rl": View(
        "reinforcement learning",
        (
            *_WHO,
            "params.rl.optim.lr",
            "params.rl.beta",
            "metrics.train/reward",
            "metrics.train/kl",
            "metrics.train/zero_variance",
            "metrics.final/held_out_accuracy",
        ),
        "tags.stage = 'rl'",
    ),
}


def tags() -> dict[str, str]:
    """The tags of the experiment that hold the views."""
    return {f"{TAG}{name}": json.dumps(_state(view), sort_keys=True) for name, view in VIEWS.items()}


def address(base: str, experiment: str, name: str) -> str:
    """Where a browser finds a view of an MLflow server at `base`."""
    return f"{base.rstrip('/')}/#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={name}"


def _state(view: View) -> dict[str, object]:
    columns = [f"{kind}.`{key}`" for kind, _, key in (column.partition(".") for column in view.columns)]
    return {
        "selectedColumns": columns,
        "columnOrder": columns,
        "searchFilter": view.runs,
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "viewMaximized": False,
        "runListHidden": False,
    }
