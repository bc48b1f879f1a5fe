"""The rules of the house: small modules, short functions, annotations, docstrings, no trace of one machine."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "src").rglob("*.py"))
LINES = 400
FUNCTION_LINES = 60
MEDIAN = 200
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def public(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Public definitions of a module, and public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (part for part in node.body if isinstance(part, Function) and not part.name.startswith("_"))


@pytest.fixture(scope="module")
def trees() -> dict[str, tuple[str, ast.Module]]:
    """Path -> text and syntax tree of every module of src."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in MODULES}
    return {name: (text, ast.parse(text)) for name, text in texts.items()}


def test_modules_are_small(trees: dict[str, tuple[str, ast.Module]]) -> None:
    lengths = {name: text.count("\n") for name, (text, _) in trees.items()}
    assert {name: length for name, length in lengths.items() if length > LINES} == {}
    real = sorted(length for name, length in lengths.items() if not name.endswith("__init__.py"))
    assert real[len(real) // 2] <= MEDIAN


def test_functions_are_short(trees: dict[str, tuple[str, ast.Module]]) -> None:
    long = {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, (_, tree) in trees.items()
        for node in functions(tree)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert long == {}


def test_everything_public_has_a_docstring(trees: dict[str, tuple[str, ast.Module]]) -> None:
    bare = [name for name, (text, tree) in trees.items() if text.strip() and not ast.get_docstring(tree)]
    bare += [
        f"{name}:{node.lineno} {node.name}"
        for name, (_, tree) in trees.items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_every_function_is_annotated(trees: dict[str, tuple[str, ast.Module]]) -> None:
    missing = []
    for name, (_, tree) in trees.items():
        for node in functions(tree):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
            if bare or node.returns is None:
                missing.append(f"{name}:{node.lineno} {node.name}")
    assert missing == []


def test_no_silent_except(trees: dict[str, tuple[str, ast.Module]]) -> None:
    """Nothing that could be any error is caught and dropped."""
    wide = ("Exception", "BaseException")
    silent = [
        f"{name}:{node.lineno}"
        for name, (_, tree) in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in wide))
        and all(isinstance(part, ast.Pass | ast.Continue) for part in node.body)
    ]
    assert silent == []


def test_no_file_of_git_holds_what_only_one_machine_has() -> None:
    """No absolute path of a checkout, no home folder, no package index's address."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout: there is no list of files to look through")
    pattern = re.compile(r"/wor[k]/|/home/[a-z]+/|/root/|--(extra-)?index-url|py[p]i\.org|find-links")
    this = Path(__file__).relative_to(ROOT).as_posix()
    found = []
    for name in done.stdout.split("\0"):
        path = ROOT / name
        if not name or name == this or not path.is_file() or path.stat().st_size > 1 << 20:
            continue
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []
