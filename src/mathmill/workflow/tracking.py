"""One run of a stage in MLflow: opened, resumed, filled and closed.

    run = open_run(stage, fingerprint)
    run.inputs(stage.all_inputs())
    run.metrics({"train/loss": 1.2}, step=5)
    run.outputs(outputs)
    run.finish("FINISHED")

What concerns the store alone never stops a stage once it has begun: the trouble is warned of once, and what could not
be sent waits in a file (tracking_buffer). A store that does not open at all is a UserError: nothing is lost by then.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mathmill.workflow import tracking_describe as describe
from mathmill.workflow import tracking_lineage as lineage
from mathmill.workflow.engine_plan import plain
from mathmill.workflow.files import read_json, write_json
from mathmill.workflow.fingerprint import input_digest, locked_digests
from mathmill.workflow.project import short
from mathmill.workflow.sweep import current_job
from mathmill.workflow.tracking_buffer import SPILL, Buffer, replay_all
from mathmill.workflow.tracking_process import identity, reap
from mathmill.workflow.tracking_store import Store, open_store

RUN_FILE = "run.json"
TOKEN = "token"  # the tag by which a run is found whose id nobody could note down
SCORES = "evaluate"  # the stage whose metrics are figures of the model that it reads
FLUSH_SECONDS = 10.0
_NAME = re.compile(r"[A-Za-z0-9_\-. :]+(/[A-Za-z0-9_\-. :]+)*")
_PARAMS_A_CALL = 100
log = logging.getLogger(__name__)


class Run:
    """A run of one stage. All names of metrics: letters, digits and `_-.:/` only (`gsm8k/maj_at_8`)."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        root: Path,
        spill: Path,
        *,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        resumed: bool = False,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self.store = store
        self.id = run_id
        self.root = root
        self.resumed = resumed
        self._tags = dict(tags or {})
        self._params = dict(params or {})
        self._sent_params: set[str] = set()
        self._scored: dict[str, str] = {}
        self._closed = False
        self._recorded = locked_digests(root)
        self._handler: Any = None
        self._buffer = Buffer(store, run_id, spill, flush_seconds, resumed)

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Take metrics (numbers or one-element tensors) at a step; a stage that evaluates a model scores it by them.

        Raises ValueError for a name that MLflow would refuse, TypeError for a value that is no number.
        """
        for name in values:
            if not _NAME.fullmatch(name):
                raise ValueError(f"metric {name!r}: letters, digits and _-.:/ only (maj_at_8, not maj@8)")
        numbers = {name: float(value) for name, value in values.items()}
        self._buffer.add(numbers, step or 0, self._scored)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters, flat; one that the run already holds keeps its first value (MLflow changes none)."""
        flat = {key: describe.cut(text) for key, text in describe.flatten(plain(values))}
        new = {key: text for key, text in flat.items() if key not in self._sent_params}
        self._try("parameters", lambda: _send_params(self.store, self.id, new))
        self._sent_params |= set(new)

    def tag(self, key: str, value: Any) -> None:
        """Set a tag; the value may change later."""
        try:
            self.store.client.set_tag(self.id, key, str(value))
        except Exception as error:
            self._buffer.keep([{"tag": key, "text": str(value)}], error)

    def text(self, name: str, text: str) -> None:
        """Write a text artifact."""
        self._try(f"artifact {name}", lambda: self.store.client.log_text(self.id, text, name))

    def table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Log rows as a table that the UI shows and compares across runs; columns in the order of their first use."""
        columns = list(dict.fromkeys(key for row in rows for key in row))
        data = [[plain(row.get(column)) for column in columns] for row in rows]
        path = f"tables/{name}.json"
        self.text(path, json.dumps({"columns": columns, "data": data}, ensure_ascii=False))
        tables = [*json.loads(self._tags.get("mlflow.loggedArtifacts", "[]")), {"path": path, "type": "table"}]
        self._tags["mlflow.loggedArtifacts"] = json.dumps(tables)
        self.tag("mlflow.loggedArtifacts", self._tags["mlflow.loggedArtifacts"])

    def inputs(self, paths: Mapping[str, Sequence[Path]]) -> None:
        """Record what the run reads, by label: folders of weights as models, all else as data sets, in one request."""
        data: list[tuple[str, Path]] = []
        for label, found in paths.items():
            for path in found:
                if lineage.is_model(self.root, path):
                    self.input_model(path)
                else:
                    data.append((label, path))
        if data:
            self._try("inputs", lambda: self._log_datasets(data, self._recorded))

    def input_model(self, path: Path) -> None:
        """Say that the run read the model; in stage evaluate, the metrics that follow are also the model's own."""

        def link() -> None:
            model_id = self._model(path, self._recorded, made_here=False)
            lineage.link_input(self.store, self.id, model_id)
            if self._tags.get("stage") == SCORES:
                self._scored["model"] = model_id

        self._try(f"input {path}", link)

    def output_model(self, path: Path) -> None:
        """Say that the run made the model; equal bytes at the same path stay one model over all reruns."""

        def link() -> None:
            lineage.link_output(self.store, self.id, self._model(path, {}, made_here=True))

        self._try(f"output {path}", link)

    def flush(self) -> None:
        """Send what is waiting."""
        self._buffer.flush()

    def finish(self, status: str = "FINISHED") -> None:
        """Close the run as FINISHED, FAILED or KILLED; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._buffer.close()
        try:
            self.store.client.set_terminated(self.id, status)
        except Exception as error:
            self._buffer.keep([{"status": status, "time": int(time.time() * 1000)}], error)

    def outputs(self, paths: Mapping[str, Path]) -> None:
        """Record what the run has written, by label: folders of weights as models, all else as data sets."""
        models = {label for label, path in paths.items() if lineage.is_model(self.root, path)}
        for label in sorted(models):
            self.output_model(paths[label])
        data = [(f"output {label}", path) for label, path in paths.items() if label not in models]
        if data:
            self._try("outputs", lambda: self._log_datasets(data, {}))

    def _log_datasets(self, paths: Sequence[tuple[str, Path]], recorded: Mapping[str, str]) -> None:
        records = [lineage.dataset(self.root, path, context, recorded) for context, path in paths]
        self.store.client.log_inputs(self.id, records)
        if self._tags.get("stage") == SCORES and "data" not in self._scored:
            self._scored |= {"data": records[0].dataset.name, "digest": records[0].dataset.digest}

    def _model(self, path: Path, recorded: Mapping[str, str], made_here: bool) -> str:
        name, digest = short(path, self.root), input_digest(self.root, path, recorded)
        found = lineage.find_model(self.store, name, digest)
        if found is not None:
            return found
        if made_here:
            return lineage.create_model(self.store, name, digest, self.id, self._tags, self._params)
        return lineage.create_model(self.store, name, digest, None, {}, {})

    def _try(self, what: str, send: Callable[[], Any]) -> None:
        try:
            send()
        except Exception as error:
            log.warning("not tracked: %s (%s: %s)", what, type(error).__name__, str(error)[:200])


def open_run(stage: Any, fingerprint: str, *, flush_seconds: float = FLUSH_SECONDS) -> Run:
    """Open the run of a stage, or go on with the one that `<scratch>/run.json` names.

    stage: `name`, `item`, `params`, `section`, `runtime`, `root` and `scratch` are read. In a multirun the run becomes
    a child of the sweep's. Runs whose process is gone are marked KILLED on the way, and what earlier runs of the stage
    could not send is sent.

    Raises UserError where the store does not open.
    """
    store = open_store(stage.root, stage.runtime.tracking_uri)
    reap(store)
    replay_all(store, stage.scratch.parent)
    job = current_job()
    overrides = job.overrides if job else ()
    tags = {**describe.tags(stage, fingerprint, overrides), **identity()}
    if job:
        tags |= {"mlflow.parentRunId": job.parent, "sweep": job.parent}
    params = describe.parameters(stage)
    stage.scratch.mkdir(parents=True, exist_ok=True)
    run_id, resumed = enter_run(store, stage.scratch / RUN_FILE, describe.run_name(stage, overrides), tags)
    spill = stage.scratch.parent / f"{run_id}.{SPILL}"
    run = Run(
        store,
        run_id,
        stage.root,
        spill,
        tags=tags,
        params=params,
        resumed=resumed,
        flush_seconds=flush_seconds,
    )
    run.params(params)
    if not resumed:
        run.text("params.yaml", _yaml(stage))
    return run


def enter_run(store: Store, path: Path, name: str, tags: Mapping[str, str]) -> tuple[str, bool]:
    """Take up the run that the file at `path` names, or create one and note it there.

    The file is written before the run is made too, with a token that the run carries as a tag: a process that is killed
    between making a run and noting it leaves one that the next attempt finds, and no second.
    Returns the run's id, and whether it was there before.
    """
    from mlflow.entities import RunTag
    from mlflow.exceptions import MlflowException

    noted = read_json(path) if path.exists() else {}
    known = _noted_run(store, noted) if noted.get("store") == store.uri else None
    if known is not None:
        try:
            store.client.update_run(known, status="RUNNING")
        except MlflowException as error:
            log.warning("run %s is not in the store any more (%s): a new one begins", known, error)
        else:
            store.client.log_batch(known, tags=[RunTag(key, value) for key, value in tags.items()])
            write_json(path, {"run": known, "store": store.uri})
            return known, True
    token = secrets.token_hex(8)
    write_json(path, {"token": token, "store": store.uri})
    run = store.client.create_run(store.experiment_id, tags={**tags, TOKEN: token}, run_name=name)
    write_json(path, {"run": run.info.run_id, "store": store.uri})
    return run.info.run_id, False


def _noted_run(store: Store, noted: Mapping[str, Any]) -> str | None:
    """The run that a file names, by its id or (where the process died before it knew the id) by its token."""
    if "run" in noted:
        return str(noted["run"])
    found = store.client.search_runs([store.experiment_id], f"tags.{TOKEN} = '{noted['token']}'", max_results=1)
    return found[0].info.run_id if found else None


def _send_params(store: Store, run_id: str, values: Mapping[str, str]) -> None:
    from mlflow.entities import Param

    there = store.client.get_run(run_id).data.params
    new = [Param(key, text) for key, text in values.items() if key not in there]
    for start in range(0, len(new), _PARAMS_A_CALL):
        store.client.log_batch(run_id, params=new[start : start + _PARAMS_A_CALL])


def _yaml(stage: Any) -> str:
    import yaml

    return yaml.safe_dump(plain(stage.params), sort_keys=False, allow_unicode=True)
