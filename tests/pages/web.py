"""A web server of this machine that is as bad as asked: it drops connections, stalls, truncates, fails, or lies."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """Files by path (`files`), troubles by path (`troubles`: drop, stall, short, busy, gone, half, no_ranges)."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.troubles: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.address = ""


@contextmanager
def serving() -> Iterator[Web]:
    """A server on a free port while the block runs."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = self.path.lstrip("/")
            web.requests[path] += 1
            count, trouble = web.requests[path], web.troubles.get(path, "")
            data = web.files.get(path)
            if data is None or trouble == "gone":
                self._head(404, 0)
                return
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
            start, stop = 0, len(data)
            if asked and trouble != "no_ranges":
                start, stop = int(asked[1]), min(int(asked[2]) + 1, len(data))
            if trouble == "busy" and count % 2:
                self._head(503, 0)
                return
            piece = data[start:stop]
            if trouble == "short" and asked and len(piece) > 1:  # an honest answer with fewer bytes than asked for
                piece = piece[: max(1, len(piece) // 3)]
            self._head(206 if asked and trouble != "no_ranges" else 200, len(piece))
            if body:
                self._send(path, start, piece, trouble, count)

        def _head(self, status: int, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def _send(self, path: str, start: int, piece: bytes, trouble: str, count: int) -> None:
            half = len(web.files[path]) // 2
            if trouble == "drop" and len(piece) > 20_000:  # never more than 20,000 bytes a connection
                piece = piece[:20_000]
                self.close_connection = True
            elif trouble == "half" and start + len(piece) > half:  # nothing behind the middle ever arrives
                piece = piece[: max(0, half - start)]
                self.close_connection = True
            elif trouble == "stall" and count % 3 == 0:
                time.sleep(3.0)
                self.close_connection = True
                return
            web.sent[path] += len(piece)
            with suppress(BrokenPipeError, ConnectionResetError):  # the client has lost its patience
                self.wfile.write(piece)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    web.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
