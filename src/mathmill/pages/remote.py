"""A file at an address (https://, s3://, file:// and what else fsspec knows) as a stream that survives its network.

Nothing is stored on disk, and memory holds a few blocks. A request asks for a range of bytes; one that fails, stalls or
comes back short is asked again from where it ended, for less, with a growing pause. A file that gives not one new byte
in `attempts` tries in a row is Unreadable.
"""

import io
import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mathmill.workflow.config import FetchConfig
from mathmill.workflow.errors import UserError

_SMALLEST = 16 << 10  # bytes asked for when a server breaks off again and again
_HEAD = 64
_LONGEST_PAUSE = 60.0
_FINAL = (400, 401, 404, 405, 410)  # answers that another try will not change; a crawl's host says 403 and 503 to haste
log = logging.getLogger(__name__)


class Unreadable(Exception):
    """The file cannot be read to its end, whatever is tried."""


class RemoteFile(io.RawIOBase):
    """The bytes at an address, for reading forward; short steps back are free, others cost a request.

    One block ahead is fetched in a thread while the last one is worked on. Raises Unreadable from `read`.
    """

    def __init__(self, address: str, fetch: FetchConfig) -> None:
        self.address = address
        self._fetch = fetch
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._store, self._path = _connect(address)
        self._step = fetch.block
        self._size = self._open()
        self._position = 0
        self._blocks: deque[tuple[int, bytes]] = deque(maxlen=2)
        self._ahead: tuple[int, Future[bytes]] | None = None
        self._head = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read from."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end of a block or of the file, none only at the end of the file."""
        if size < 0:
            return b"".join(iter(lambda: self.read(self._fetch.block), b""))
        if self._position >= self._size or size == 0:
            return b""
        start, block = self._block(self._position)
        at = self._position - start
        piece = block[at : at + size]
        self._position += len(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer (what io.BufferedReader asks for)."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Stop the thread; a request under way is not waited for."""
        if not self.closed:
            self._stop.set()
            self._thread.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _block(self, position: int) -> tuple[int, bytes]:
        """The block that holds a position: kept, fetched ahead, or fetched now."""
        for start, block in self._blocks:
            if start <= position < start + len(block):
                return start, block
        if position < len(self._head):  # asked for again at the end, to tell what kind of file this is
            return 0, self._head
        if self._ahead is not None and self._ahead[0] == position:
            block = self._ahead[1].result()
        else:
            block = self._thread.submit(self._range, position).result()
        self._blocks.append((position, block))
        if position == 0:
            self._head = block[:_HEAD]
        following = position + len(block)
        if following < self._size:
            self._ahead = (following, self._thread.submit(self._range, following))
        return position, block

    def _range(self, start: int) -> bytes:
        """The block from `start` on, put together from as many answers as it takes."""
        stop = min(start + self._fetch.block, self._size)
        got = bytearray()
        fails = 0
        while start + len(got) < stop:
            at = start + len(got)
            wanted = min(self._step, stop - at)
            try:
                piece = self._request(at, at + wanted)
                if not piece:
                    raise OSError(f"no byte came at {at} of {self._size}")
            except Exception as error:
                fails += 1
                self._refuse(error, fails)
                self._step = max(_SMALLEST, self._step // 4)
                continue
            # An answer that ends early without an error is believed as far as it goes: the next one takes up there.
            got += piece[:wanted]
            fails = 0
            self._step = min(self._fetch.block, self._step * 2)
        return bytes(got)

    def _open(self) -> int:
        """The size, after a request for the first byte has shown that there is a file and that it comes in ranges."""
        fails = 0
        while True:
            try:
                first = self._request(0, 1)
                if len(first) > 1:
                    raise Unreadable(f"{self.address}: the server gives the whole file for a range of it")
                size = self._length() if first else 0
                if size is None:
                    raise Unreadable(f"{self.address}: the server does not say how long the file is")
                return size
            except Unreadable:
                raise
            except Exception as error:
                fails += 1
                self._refuse(error, fails)

    def _request(self, start: int, stop: int) -> bytes:
        """The bytes of a range, or fewer; raises what the file system raises, and OSError after the time limit."""
        # Undone by the client, a compression of the way would give other bytes than the range asked for.
        headers = {"headers": {"Accept-Encoding": "identity"}} if self.address.startswith("http") else {}
        return bytes(self._ask("cat_file", start=start, end=stop, **headers))

    def _length(self) -> int | None:
        try:
            size = self._ask("info").get("size")
        except FileNotFoundError as error:  # also what fsspec makes of any trouble; the first byte was there
            raise OSError(f"the size is not told: {error}") from error
        return None if size is None else int(size)

    def _ask(self, what: str, **arguments: Any) -> Any:
        """One call to the file system, ended after `timeout` seconds where the file system can be interrupted."""
        import fsspec.asyn

        if isinstance(self._store, fsspec.asyn.AsyncFileSystem):
            # Not the plain method: it waits for a server that stalls as long as the server likes.
            call = getattr(self._store, f"_{what}")
            return fsspec.asyn.sync(self._store.loop, call, self._path, timeout=self._fetch.timeout, **arguments)
        return getattr(self._store, what)(self._path, **arguments)

    def _refuse(self, error: Exception, fails: int) -> None:
        """Wait before another try, or raise Unreadable where none is of use."""
        said = f"{type(error).__name__}: {error}"[:200]
        gone = isinstance(error, FileNotFoundError) or getattr(error, "status", None) in _FINAL
        if gone or fails >= self._fetch.attempts:
            raise Unreadable(f"{self.address}: {said}") from error
        log.info("%s: %s; try %d of %d follows", self.address, said, fails + 1, self._fetch.attempts)
        if self._stop.wait(min(self._fetch.pause * 2 ** (fails - 1), _LONGEST_PAUSE)):
            raise Unreadable(f"{self.address}: closed") from error


def read_whole(address: str, fetch: FetchConfig) -> bytes:
    """A small file at an address, such as a list of paths; raises UserError where it cannot be read."""
    try:
        with RemoteFile(address, fetch) as file:
            return file.read()
    except Unreadable as error:
        raise UserError(f"{error} (key pages.crawl)") from None


def _connect(address: str) -> tuple[Any, str]:
    """The file system (fsspec) for an address, and the address as that file system wants it."""
    from fsspec.core import url_to_fs

    try:
        store, path = url_to_fs(address)
    except ImportError as error:
        raise UserError(f"{address}: {error}; for s3:// pip install 'mathmill[s3]'") from None
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None
    return store, path
