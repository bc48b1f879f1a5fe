"""`make ui` looks at the port before it prints where the views would be."""

import socket

import pytest

from mathmill.workflow.errors import UserError
from mathmill.workflow.ui import _require_free


def test_a_port_that_cannot_be_had_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port}: .*make ui PORT="):
            _require_free(port)
    _require_free(port)
    with pytest.raises(UserError, match="port 99999"):
        _require_free(99999)
