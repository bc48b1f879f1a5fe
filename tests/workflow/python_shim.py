"""Stands in for `python` in dvc.yaml: compose is the real one, every other stage writes what its inputs make it write.

A stage's output is a digest of the parameters that it lists and of the bytes that it reads, so DVC's early cut-off
works as it does with the real stages. Each stage that runs is a line in ran.txt.
"""

import hashlib
import json
import os
import sys
from pathlib import Path


def main() -> None:
    module, arguments = sys.argv[2], sys.argv[3:]
    name = module.removeprefix("mathmill.")
    item = arguments[0].partition("=")[2] if arguments else None
    root = Path.cwd()
    with open(root / "ran.txt", "a") as log:
        log.write((f"{name}@{item}" if item else name) + "\n")
    if name == "compose":
        os.execv(sys.executable, [sys.executable, "-m", module])

    from mathmill.workflow import files, graph
    from mathmill.workflow.params import load_sealed

    node = graph.node(name, item)
    params = load_sealed(root)
    read = {path: files.digest(root / path) for path in node.inputs.values()}
    held = {key: value(params, key) for key in node.params}
    digest = hashlib.sha256(json.dumps([name, item, held, read], sort_keys=True).encode()).hexdigest()
    wanted = {path for other in graph.nodes() for path in other.inputs.values()}
    for label, output in node.outputs.items():
        inside = [path for path in wanted if path.startswith(output + "/")]
        for path in inside or [output if "." in Path(output).name else f"{output}/content"]:
            files.write_json(root / path, {"digest": digest, "label": label})


def value(params: dict, key: str) -> object:
    for part in key.split("."):
        params = params.get(part, {})
    return params


main()
