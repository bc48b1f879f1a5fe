"""python -m mathmill.compose: conf/ and overrides.yaml to params.yaml, which every other stage reads.

  python -m mathmill.compose                          compose, check every key, write params.yaml if it changes
  python -m mathmill.compose set scale=smoke seed=1   put overrides into overrides.yaml, if the result composes
  python -m mathmill.compose set seed=                drop one again
  python -m mathmill.compose set --from-make          the same, words taken from make's command line (`make exp`)
  python -m mathmill.compose show [key=value ...]     print the composition, write nothing

A key that is unknown, of the wrong type or out of range ends with exit code 2 and its full name. A params.yaml that was
edited since it was composed is refused: set values through overrides.yaml.
"""

import sys

from mathmill.workflow.errors import UserError, exit_plainly
from mathmill.workflow.project import find_root


def main(arguments: list[str]) -> None:
    """Do what the command line says; raises UserError."""
    if any(argument in ("--help", "-h") for argument in arguments):
        print((__doc__ or "").strip())
        return
    root = find_root()
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "set":
        from mathmill.compose.overrides import from_make, set_overrides

        wanted = from_make() if rest == ["--from-make"] else rest
        if wanted:
            print("overrides in force:", " ".join(set_overrides(root, wanted)) or "none")
    elif command == "show":
        from mathmill.compose.compose import composed
        from mathmill.workflow.composition import merge_overrides, read_overrides
        from mathmill.workflow.params import render

        print(render(composed(root, merge_overrides(read_overrides(root), rest))), end="")
    elif not arguments:
        from mathmill.compose.compose import write_params

        print("params.yaml: written" if write_params(root) else "params.yaml: unchanged")
    else:
        raise UserError(f"{command}: no such command; there are set, show and none at all (see --help)")


if __name__ == "__main__":
    with exit_plainly():
        main(sys.argv[1:])
