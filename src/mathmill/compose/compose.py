"""Compose the project's configuration and keep params.yaml in step with it."""

import sys
from pathlib import Path

from mathmill.workflow import params as params_file
from mathmill.workflow.composition import compose_conf, read_overrides
from mathmill.workflow.inputs import input_digests, notes
from mathmill.workflow.schema import Params


def composed(root: Path, overrides: list[str]) -> Params:
    """The configuration that conf/ and `overrides` say, with the digests of the user's own inputs.

    Raises ConfigError for a key that is unknown, ill-typed or out of range, UserError for an own input that is missing.
    """
    params = compose_conf(root, overrides)
    params.inputs = input_digests(root, params)
    return params


def write_params(root: Path) -> bool:
    """Bring params.yaml up to date; returns whether its text changed.

    Raises ConfigError where the file was edited since compose wrote it: the edit would be lost without a word.
    """
    params = composed(root, read_overrides(root))
    before = params_file.read(root)
    if before is not None and not params_file.is_sealed(before):
        raise params_file.edited(root, before, params)
    for note in notes(params):
        print(f"note: {note}", file=sys.stderr)
    return params_file.write(root, params)
