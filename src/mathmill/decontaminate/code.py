"""Which program files may be trained on: licences named in their headers, and lines that no person has written.

The paper takes its code from GitHub (section 2.3) and says nothing of licences; DeepSeek-Coder, where its base model
comes from, leaves out files by the length of their lines. What is left out is counted by reason.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mathmill.decontaminate.config import DecontaminateConfig

_HEADER = 6000  # characters; a licence text of MIT or BSD length fits
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n*]+)")
_LICENCES = {
    "agpl": r"GNU\s+Affero\s+General\s+Public\s+Licen[cs]e|\bAGPL",
    "lgpl": r"GNU\s+(?:Lesser|Library)\s+General\s+Public\s+Licen[cs]e|\bLGPL",
    "gpl": r"GNU\s+General\s+Public\s+Licen[cs]e|\bGPL(?:v?[23])?\b|gnu\.org/licenses/gpl",
    "mpl": r"Mozilla\s+Public\s+Licen[cs]e|mozilla\.org/MPL",
    "epl": r"Eclipse\s+Public\s+Licen[cs]e",
    "cddl": r"Common\s+Development\s+and\s+Distribution\s+Licen[cs]e",
    "cc-by-nc": r"CC[ -]BY[ -]NC|NonCommercial",
    "apache-2.0": r"Apache\s+Licen[cs]e,?\s+(?:Version\s+)?2|apache\.org/licenses/LICENSE-2\.0",
    "mit": r"\bMIT[ -]Licen[cs]e|under\s+(?:the\s+)?MIT\b|Permission\s+is\s+hereby\s+granted,\s+free\s+of\s+charge",
    "bsd": r"\bBSD\b[^\n]{0,20}Licen[cs]e|Redistribution\s+and\s+use\s+in\s+source\s+and\s+binary\s+forms",
    "isc": r"\bISC\s+Licen[cs]e|Permission\s+to\s+use,\s+copy,\s+modify,\s+and(?:/or)?\s+distribute",
    "bsl-1.0": r"Boost\s+Software\s+Licen[cs]e",
    "zlib": r"zlib\s+licen[cs]e|Altered\s+source\s+versions\s+must\s+be\s+plainly\s+marked",
    "psf": r"Python\s+Software\s+Foundation\s+Licen[cs]e|PSF\s+licen[cs]e",
    "unlicense": r"free\s+and\s+unencumbered\s+software",
    "cc0": r"\bCC0\b|(?:in|into|to)\s+the\s+public\s+domain",
    "proprietary": r"proprietary\s+and\s+confidential|(?:copying|use)[^.]{0,60}\s+(?:is|are)\s+strictly\s+prohibited",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _LICENCES.items()}
_LICENCE_FILES = ("LICENSE", "LICENCE", "COPYING", "LICENSE.txt", "LICENSE.md", "COPYING.txt")
_OPENINGS = {"/*": "*/", '"""': '"""', "'''": "'''", "<!--": "-->", "(*": "*)", "{-": "-}"}
_LINE_COMMENTS = ("#", "//", "--", ";", "%", "<?", "*")
_COMMENT_MARKS = re.compile(r"^[ \t]*(?:#+|//+|/?\*+|--+|;+|%+|\"\"\"|'''|<!--)[ \t]*", re.MULTILINE)


def header(text: str) -> str:
    """The comments at the head of a program file, up to its first line of program."""
    lines = text[:_HEADER].split("\n")
    closing = ""
    for number, line in enumerate(lines):
        line = line.strip()
        if closing:
            closing = "" if closing in line else closing
            continue
        opening = next((mark for mark in _OPENINGS if line.startswith(mark)), None)
        if opening is not None:
            closing = "" if _OPENINGS[opening] in line[len(opening) :] else _OPENINGS[opening]
        elif line and not line.startswith(_LINE_COMMENTS):
            return "\n".join(lines[:number])
    return "\n".join(lines)


def licences(text: str) -> list[frozenset[str]]:
    """The licences that the head of a file names, as alternatives of sets that hold together; empty: none is named.

    An SPDX line counts alone; otherwise all licences that the wording names are taken to hold together.
    """
    head = header(text)
    spdx = _SPDX.search(head)
    if spdx is not None:
        expression = re.sub(r"[()]|\s+WITH\s+\S+|-->|\*/", " ", spdx.group(1), flags=re.IGNORECASE).lower()
        return [frozenset(part.split(" and ")) for part in re.sub(r"\s+", " ", expression).strip().split(" or ")]
    plain = _COMMENT_MARKS.sub("", head)  # a licence's sentence runs over many lines of comment
    named = frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(plain))
    return [named] if named else []


def allowed(text: str, permitted: list[str]) -> bool | None:
    """Whether some licence of a file's head is permitted (names match by their beginning); None: it names none."""
    alternatives = licences(text)
    if not alternatives:
        return None
    names = tuple(name.lower() for name in permitted)
    return any(all(name.strip().startswith(names) for name in together) for together in alternatives)


def unfit(text: str, settings: "DecontaminateConfig", inherited: bool | None = None) -> str | None:
    """Why a program file is left out, or None. inherited: what the licence file of its tree says (None: nothing)."""
    verdict = allowed(text, settings.licences)
    verdict = inherited if verdict is None else verdict
    if verdict is False:
        return "licence"
    if verdict is None and settings.unlicensed == "drop":
        return "no_licence"
    lines = text.split("\n")
    if max(map(len, lines)) > settings.longest_line:
        return "long_line"
    return "long_lines" if len(text) / len(lines) > settings.mean_line else None


def tree_licence(folder: Path, permitted: list[str]) -> bool | None:
    """What the licence file in a folder of code says of the files that name no licence; None: there is none."""
    for name in _LICENCE_FILES:
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            named = {name for name, pattern in _PATTERNS.items() if pattern.search(text[:_HEADER])}
            return all(name.startswith(tuple(permitted)) for name in named) if named else None
    return None
