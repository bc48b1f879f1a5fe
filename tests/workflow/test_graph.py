"""graph.py and dvc.yaml say the same, and both say what the code does."""

import ast
from pathlib import Path
from typing import Any

import pytest

from mathmill.workflow import graph
from mathmill.workflow.inputs import own_key
from mathmill.workflow.keys import find, type_name
from mathmill.workflow.schema import Params

ROOT = Path(__file__).resolve().parents[2]
# Packages that say how to run and not what to compute: no stage lists them.
_WORKFLOW = "workflow"


@pytest.fixture(scope="module")
def dvc_stages() -> dict[str, Any]:
    """Name -> stage of dvc.yaml, as DVC itself reads it."""
    from dvc.repo import Repo

    with Repo(str(ROOT)) as repo:
        return {stage.addressing: stage for stage in repo.index.stages}


def described(stage: Any) -> dict[str, Any]:
    deps, params = set(), set()
    for dep in stage.deps:
        if type(dep).__name__ == "ParamsDependency":
            params |= set(dep.params)
        else:
            deps.add(dep.def_path)
    return {"deps": deps, "params": params, "outs": {out.def_path: out.use_cache for out in stage.outs}}


def test_both_have_the_same_stages(dvc_stages: dict[str, Any]) -> None:
    assert set(dvc_stages) == {"compose", *(node.name for node in graph.nodes())}


@pytest.mark.parametrize("node", list(graph.nodes()), ids=lambda node: node.name)
def test_dvc_says_what_graph_says(dvc_stages: dict[str, Any], node: graph.Node) -> None:
    item = f" {node.stage}.{graph.ITEM_KEYS[node.stage]}={node.item}" if node.item else ""
    assert dvc_stages[node.name].cmd == f"python -m mathmill.{node.stage}{item}"
    assert described(dvc_stages[node.name]) == {
        "deps": {*node.code, *node.inputs.values()},
        "params": set(node.params),
        "outs": {path: label not in node.metrics for label, path in node.outputs.items()},
    }


def test_only_compose_persists_its_output(dvc_stages: dict[str, Any]) -> None:
    """A persisted output keeps an old checkpoint under new parameters; compose alone must see its last output."""
    persistent = {name for name, stage in dvc_stages.items() for out in stage.outs if out.persist}
    assert persistent == {"compose"}
    assert described(dvc_stages["compose"])["outs"] == {"params.yaml": False}


def test_no_stage_lists_runtime(dvc_stages: dict[str, Any]) -> None:
    listed = {param for stage in dvc_stages.values() for param in described(stage)["params"]}
    assert not {param for param in listed if param.split(".")[0] in ("runtime", "choices", "seed", "scale")}


def test_compose_lists_every_section(dvc_stages: dict[str, Any]) -> None:
    deps = described(dvc_stages["compose"])["deps"]
    written = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src" / "mathmill").glob("*/config.py")}
    assert written <= deps
    assert "conf" in deps


def test_every_input_is_made_by_an_earlier_stage_or_not_at_all() -> None:
    made: list[str] = []
    for node in graph.nodes():
        for path in set(node.inputs.values()) - set(graph.KEPT):
            assert any(path == out or path.startswith(out + "/") for out in made), f"{node.name} reads {path}"
        made += node.outputs.values()
    assert len(made) == len(set(made))


def test_only_the_report_reads_the_truth() -> None:
    readers = {node.name for node in graph.nodes() if any("truth" in path for path in node.inputs.values())}
    assert readers == {"report"}


def test_producer_finds_files_below_an_output() -> None:
    made = graph.producer("data/corpus/final")
    assert made is not None
    assert made.name == "corpus"
    assert graph.producer("data/corpus_of_mine") is None


def test_keys_that_replace_an_input_hold_paths() -> None:
    for node in graph.nodes():
        for label in node.own:
            key = find(Params, own_key(node, label))
            assert key is not None, f"{node.name} says that {label} may be replaced, but there is no such key"
            assert type_name(key.type) in ("str or null", "list of str or null", "dict of str"), key.name
            assert not key.default, key.name


def modules(stage: str) -> list[Path]:
    """Every module that a stage lists as its code."""
    listed = [ROOT / path for path in graph.node(stage).code]
    return [module for path in listed for module in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]


def imports(path: Path) -> set[str]:
    """The modules of mathmill that a module imports anywhere, as paths without suffix: src/mathmill/rl/cache."""
    found = set()
    for entry in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(entry, ast.ImportFrom) and entry.module:
            inner = [f"{entry.module}.{alias.name}" for alias in entry.names]
            names = [name if is_module(name) else entry.module for name in inner]
        elif isinstance(entry, ast.Import):
            names = [alias.name for alias in entry.names]
        found |= {"src/" + name.replace(".", "/") for name in names if name.startswith("mathmill.")}
    return found


def is_module(name: str) -> bool:
    path = ROOT / "src" / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("stage", graph.STAGES[1:])
def test_a_stage_lists_all_the_code_that_it_uses(stage: str) -> None:
    code = graph.node(stage).code
    used = {name for module in modules(stage) for name in imports(module)}
    missing = {
        name
        for name in used
        if not name.startswith(f"src/mathmill/{_WORKFLOW}/")
        and not any(name == path.removesuffix(".py") or name.startswith(path + "/") or name == path for path in code)
    }
    assert not missing, f"{stage} uses code that it does not list in graph.py and dvc.yaml"


@pytest.mark.parametrize("stage", graph.STAGES[1:])
def test_a_stage_asks_for_declared_inputs_and_outputs_alone(stage: str) -> None:
    node = graph.node(stage)
    for module in sorted((ROOT / "src" / "mathmill" / stage).rglob("*.py")):
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
                continue
            held, label = call.func.value, call.args[0]
            if isinstance(held, ast.Name) and held.id == "stage" and isinstance(label, ast.Constant):
                if call.func.attr in ("input", "inputs"):
                    assert label.value in (*node.inputs, *node.own), f"{module.name}, line {call.lineno}"
                elif call.func.attr == "output":
                    assert label.value in node.outputs, f"{module.name}, line {call.lineno}"


@pytest.mark.parametrize("stage", graph.STAGES[1:])
def test_a_stage_that_reads_a_table_lists_its_schema(stage: str) -> None:
    uses = any("workflow.tables" in module.read_text(encoding="utf-8") for module in modules(stage))
    assert not uses or "src/mathmill/workflow/tables.py" in graph.node(stage).code
