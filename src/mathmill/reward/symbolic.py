"""Symbolic equality by math-verify in a process of its own, which the kernel ends at a time or memory limit.

`python -m mathmill.reward.symbolic` is that process: one JSON request a line on stdin, one reply a line on stdout.
Limits on processor time rather than on the clock keep the verdict the same on a busy machine.
"""

import atexit
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

_TOWER = re.compile(
    r"\^[^-+*/=,]*\^[^-+*/=,]*\^|\d\^\{?\(?-?\d+\}?\)?(?:\^|!)|\d{16,}|\^\{?\(?-?\d{4,}|\d{3,}!|!\s*!|\)!"
)
_DERIVATIVE = re.compile(
    r"\\frac\{ ?d(?:\^\{?(\d)\}?)? ?(\\?[A-Za-z]+(?:_\{?\w+\}?)?) ?\}\{ ?d ?(\\?[A-Za-z]+) ?(?:\^\{?\d\}?)? ?\}"
)
_SQRT = re.compile(r"(?<!\\)sqrt\(([^()]*)\)")


def within_caps(text: str, max_characters: int, max_nesting: int) -> bool:
    """Whether an expression is small enough to be looked at: length, nesting, digits, towers of powers, factorials."""
    if len(text) > max_characters or text.count("^") > 20 or _TOWER.search(text.replace("**", "^").replace(" ", "")):
        return False
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest <= max_nesting


def to_latex(text: str) -> str:
    r"""Plain-text operators as LaTeX: `**` -> `^`, `sqrt(a)` -> `\sqrt{a}`, `pi` -> `\pi`; a derivative is a symbol.

    The parser would evaluate `\frac{dx}{dt}`, and x does not hold t: any two equations would agree in it.
    """
    text = _SQRT.sub(r"\\sqrt{\1}", _DERIVATIVE.sub(_derivative, text).replace("**", "^"))
    text = re.sub(r"\^\(([^()]*)\)", r"^{\1}", text)
    return re.sub(r"(?<![\\a-zA-Z])pi(?![a-zA-Z])", r"\\pi ", text)


def _derivative(found: re.Match[str]) -> str:
    return "D_{" + re.sub(r"[^A-Za-z0-9]", "", "".join(found.groups(""))) + "}"


class SymbolicWorker:
    """A helper process that answers "are these two expressions equal?"; it is started anew after each death."""

    def __init__(self, memory_mb: int) -> None:
        self.memory_mb = memory_mb
        self.owner = os.getpid()
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def equal(self, gold: str, answer: str, seconds: float) -> bool | None:
        """True or False; None where a limit ended the comparison."""
        found = self.ask("equal", gold, answer, seconds)
        return None if found is None else bool(found)

    def ask(self, kind: str, gold: str, answer: str, seconds: float) -> Any:
        """What one of QUESTIONS says about two formulas; None where a limit ended it."""
        request = json.dumps({"kind": kind, "gold": gold, "answer": answer, "seconds": seconds}).encode() + b"\n"
        with self.lock:
            process = self._ready()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(request)
                process.stdin.flush()
            except BrokenPipeError:
                self.close()
                return None
            # The clock is only the backstop: a process that sleeps uses no processor time.
            readable, _, _ = select.select([process.stdout], [], [], 10 * seconds + 60)
            line = process.stdout.readline() if readable else b""
            if not line:
                self.close()
                return None
            return json.loads(line)["found"]

    def _ready(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mathmill.reward.symbolic", str(self.memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG") if key in os.environ}
                | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            )
            assert self.process.stdout is not None
            if not self.process.stdout.readline():
                raise RuntimeError("the process for symbolic comparisons did not start (is math-verify installed?)")
        return self.process

    def close(self) -> None:
        """End the helper process."""
        if self.process is not None and os.getpid() == self.owner:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()
        self.process = None


_WORKERS: dict[tuple[int, int], SymbolicWorker] = {}


def worker(memory_mb: int) -> SymbolicWorker:
    """The worker of this process (a forked child gets its own) with this limit on its memory."""
    key = (os.getpid(), memory_mb)
    if key not in _WORKERS:
        _WORKERS[key] = SymbolicWorker(memory_mb)
        atexit.register(_WORKERS[key].close)
    return _WORKERS[key]


def _parse(text: str) -> Any:
    from math_verify import LatexExtractionConfig, parse

    parsed = parse(f"${text}$", extraction_config=[LatexExtractionConfig()], parsing_timeout=None)
    # Without a parsed expression there is only the text itself, and that was compared before.
    return None if not parsed or isinstance(parsed[0], str) else parsed


def compare(gold: str, answer: str) -> bool:
    """Equality by math-verify, here and now, without limits (the helper process calls it)."""
    from math_verify import verify

    left, right = _parse(to_latex(gold)), _parse(to_latex(answer))
    if left is None or right is None:
        return False
    return bool(verify(left, right, strict=True, timeout_seconds=None))


def _expression(text: str) -> Any:
    parsed = _parse(to_latex(text))
    if parsed is None:
        raise ValueError("no formula")
    return parsed[0]


def close(gold: str, answer: str) -> bool:
    """The paper's own comparison (8.3): no difference after simplification, or numbers within 1e-3 of each other."""
    from sympy import N, simplify

    left, right = _expression(gold), _expression(answer)
    try:
        if simplify(left - right) == 0:
            return True
    except (TypeError, ValueError, NotImplementedError):  # of relations and sets there is no difference
        pass
    return abs(float(N(left)) - float(N(right))) <= 1e-3


def same_equation(gold: str, answer: str) -> bool:
    """Whether both are equations and the same one as parsed."""
    from sympy import Equality

    left, right = _expression(gold), _expression(answer)
    return isinstance(left, Equality) and bool(left == right)


def value(gold: str, _: str) -> float | None:
    """The number that a formula is; None for one with unknowns."""
    expression = _expression(gold)
    return float(expression) if expression.is_number else None


QUESTIONS: dict[str, Callable[[str, str], Any]] = {
    "equal": compare,
    "close": close,
    "equation": same_equation,
    "value": value,
}


def serve(memory_mb: int) -> None:
    """The helper process: limits first, then one reply for each request line."""
    import logging

    logging.disable(logging.CRITICAL)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    compare("x+1", "1+x")  # the imports are paid here, outside the limits
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    replies.write(b"ready\n")
    for line in sys.stdin.buffer:
        request = json.loads(line)
        # Nobody catches SIGPROF: the kernel ends the process inside any C loop.
        signal.setitimer(signal.ITIMER_PROF, request["seconds"])
        try:
            found = QUESTIONS[request["kind"]](request["gold"], request["answer"])
        except (Exception, MemoryError, RecursionError):  # a hostile answer may raise anything: it is not equal
            found = None if request["kind"] == "value" else False
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(json.dumps({"found": found}).encode() + b"\n")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
