"""Stands in for `python` in dvc.yaml: compose is the real one, every other stage writes what its inputs make it write.

A stage's output is a digest of the parameters that it lists and of the bytes that it reads, so DVC's early cut-off
works as it does with the real stages. Each stage that runs is a line in ran.txt.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import yaml

from mathmill.workflow import files


def main() -> None:
    module, arguments = sys.argv[2], sys.argv[3:]
    name = module.removeprefix("mathmill.")
    name += f"@{arguments[0].partition('=')[2]}" if arguments else ""
    root = Path.cwd()
    with open(root / "ran.txt", "a") as log:
        log.write(f"{name}\n")
    if name == "compose":
        os.execv(sys.executable, [sys.executable, "-m", module])
    node = files.read_json(root / "nodes.json")[
        name
    ]  # of graph.py, written once: importing it for each stage takes longer
    params = yaml.safe_load((root / "params.yaml").read_text())
    read = {path: files.digest(root / path) for path in node["inputs"]}
    held = {key: value(params, key) for key in node["params"]}
    digest = hashlib.sha256(json.dumps([name, held, read], sort_keys=True).encode()).hexdigest()
    for path in node["files"]:
        files.write_json(root / path, {"digest": digest, "path": path})


def value(params: dict, key: str) -> object:
    for part in key.split("."):
        params = params.get(part, {})
    return params


main()
