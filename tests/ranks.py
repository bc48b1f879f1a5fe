"""Scripts as the processes of one run, without the seconds that each would take to import torch and its libraries."""

import multiprocessing
import os
import runpy
import socket
import sys
from pathlib import Path

LOADED = [
    "mathmill.training.deepspeed",
    "mathmill.training.trainer",
    "transformers.models.llama.modeling_llama",
    "deepspeed",
    "deepspeed.runtime.zero.muon.muon_optimizer",  # DeepSpeed asks for it in each run; it loads the compiler
]


def together(script: Path, words: list[str], ranks: int, log: Path, **environment: str) -> int:
    """Run a script as `ranks` processes of one machine, started as torchrun would; the exit status of the last to end.

    A process is forked from one that has imported LOADED. log: takes what they print. Negative: ended by that signal.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    if ranks == 1:
        places: list[dict[str, str]] = [{}]
    else:
        places = [{**address, "WORLD_SIZE": str(ranks), "RANK": str(n), "LOCAL_RANK": str(n)} for n in range(ranks)]
    given = [str(script), *words]
    processes = [context.Process(target=_run, args=(given, {**environment, **place}, log)) for place in places]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(600)
    finally:
        for process in processes:
            process.kill()
            process.join()
    return min((process.exitcode for process in processes), key=lambda code: (code == 0, code))


def _run(words: list[str], environment: dict[str, str], log: Path) -> None:
    with open(log, "a") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.environ.update(environment)
    import torch

    torch.set_num_threads(1)
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")
