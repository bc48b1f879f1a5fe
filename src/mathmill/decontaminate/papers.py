r"""Folders of LaTeX papers: one text a paper, its main file with the files that it inputs.

arXiv delivers a paper as a folder of files. A file with \documentclass (or \documentstyle) is a paper; what it
\inputs or \includes is put in its place; files that no paper takes in are papers of their own only where their folder
holds no main file.
"""

import re
from collections.abc import Iterator
from pathlib import Path

_MAIN = re.compile(r"^[^%\n]*\\document(?:class|style)\b", re.MULTILINE)
_INPUT = re.compile(r"(?<!\\)\\(?:input|include|subfile)\s*\{([^}#\\]+)\}")
_DEPTH = 8  # of files that input files; a file that takes itself in ends there


def read_papers(folder: Path) -> Iterator[tuple[str, str]]:
    """(path below `folder`, LaTeX source) of every paper, by path; files in other encodings than UTF-8 as Latin-1."""
    files = [
        path
        for path in sorted(folder.rglob("*.tex"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    sources = {path: decoded(path) for path in files}
    mains = {path for path, source in sources.items() if _MAIN.search(source)}
    homes = {path.parent for path in mains}
    for path, source in sources.items():
        inside = any(parent in homes for parent in path.parents if parent == folder or folder in parent.parents)
        if path in mains or not inside:
            text = flattened(source, path.parent, folder)
            if text.strip():
                yield path.relative_to(folder).as_posix(), text


def decoded(path: Path) -> str:
    """The text of a source; old papers are in Latin-1, which every byte sequence is."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def flattened(source: str, home: Path, root: Path, depth: int = _DEPTH) -> str:
    """The source with the files that it inputs in their place; a file that is missing or outside `root` is left out."""

    def take(match: re.Match[str]) -> str:
        line = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
        if re.search(r"(?<!\\)%", line):
            return match.group(0)  # a comment, which goes later
        name = match.group(1).strip()
        path = (home / (name if name.endswith(".tex") else f"{name}.tex")).resolve()
        if depth == 0 or not path.is_file() or not path.is_relative_to(root.resolve()):
            return ""
        return flattened(decoded(path), home, root, depth - 1)

    return _INPUT.sub(take, source)
