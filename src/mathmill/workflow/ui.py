"""python -m mathmill.workflow.ui: the addresses of the saved views, and MLflow's server where this project needs one.

With `runtime.tracking_uri=http://...` a server runs already: the addresses are printed, nothing is started.
"""

import argparse
import os
import socket
import sys
from pathlib import Path


def addresses(root: Path, base: str | None) -> tuple[str, list[str]]:
    """(the store's address, a line for each view); base: where a server of a local store will listen."""
    from mathmill.workflow.params import load_sealed
    from mathmill.workflow.tracking_store import open_store
    from mathmill.workflow.tracking_views import VIEWS, address
    from mathmill.workflow.validate import to_params

    configured = to_params(load_sealed(root)).runtime.tracking_uri if (root / "params.yaml").is_file() else None
    store = open_store(root, configured)
    server = store.uri if store.uri.startswith("http") else base or ""
    width = max(len(view.title) for view in VIEWS.values())
    return store.uri, [
        f"{view.title + ':':<{width + 1}} {address(server, store.experiment_id, name)}" for name, view in VIEWS.items()
    ]


def _require_free(port: int) -> None:
    """UserError unless a server can listen at a port of this machine."""
    from mathmill.workflow.errors import UserError

    try:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        raise UserError(f"port {port}: {error}; take another one, as in make ui PORT=5050") from None


def main() -> None:
    """Print the addresses, then become MLflow's server; exit code 2 where the store does not open."""
    from mathmill.workflow.errors import exit_plainly
    from mathmill.workflow.project import find_root

    parser = argparse.ArgumentParser("python -m mathmill.workflow.ui", description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="port of this machine (default: 5000)")
    parser.add_argument("--addresses", action="store_true", help="print the addresses and stop")
    given = parser.parse_args()
    with exit_plainly():
        uri, lines = addresses(find_root(), f"http://127.0.0.1:{given.port}")
        starts = not given.addresses and not uri.startswith("http")
        if starts:
            _require_free(given.port)
    print("\n".join(lines), flush=True)
    if starts:
        words = ["-m", "mlflow", "ui", "--backend-store-uri", uri, "--port", str(given.port)]
        os.execv(sys.executable, [sys.executable, *words])


if __name__ == "__main__":
    main()
