"""A DeepSpeed checkpoint for another number of processes than wrote it, by DeepSpeed's universal form."""

import io
import os
import time
from argparse import Namespace
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from mathmill.workflow.environment import rank
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import remove, write_text

TAG = "checkpoint"  # the name that Lightning gives to the state inside a DeepSpeed checkpoint
_PATIENCE = 3600.0  # seconds that the other ranks wait for the conversion


def writers(state: Path) -> int:
    """How many processes wrote a DeepSpeed checkpoint."""
    return len(list((state / TAG).glob("*_optim_states.pt")))


def for_world(state: Path, world: int) -> tuple[Path, bool]:
    """(what `world` processes load in place of `state`, whether it is in the universal form).

    Rank 0 converts, beside the checkpoints; the others wait for it. All must see the same file system.
    """
    if writers(state) == world:
        return state, False
    whole = state.parent.with_name(f"universal-{state.parent.name}")
    if rank() == 0:
        if not whole.is_dir():
            _convert(state, whole)
    else:
        deadline = time.monotonic() + _PATIENCE
        while not whole.is_dir():
            if time.monotonic() > deadline:
                raise UserError(f"{whole}: rank 0 has not written it in {_PATIENCE:.0f} seconds")
            time.sleep(0.1)
    return whole, True


def _convert(state: Path, whole: Path) -> None:
    from deepspeed.checkpoint.ds_to_universal import main

    beside = whole.with_name(f".{whole.name}.making")
    remove(beside)
    (beside / TAG).mkdir(parents=True)
    options = Namespace(
        input_folder=str(state / TAG),
        output_folder=str(beside / TAG),
        num_extract_workers=1,
        num_merge_workers=1,
        keep_temp_folder=False,
        strict=True,
        inject_missing_state=True,
    )
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        main(options)
    write_text(beside / "latest_universal", TAG)
    os.replace(beside, whole)
