"""What other extractors keep of real pages and ours loses: lines of text, and formulas.

    python benchmarks/kept_text.py --data ../shared/data/warc [--every 13] [--show 5]

Peers: resiliparse (main content), trafilatura 2.x (default settings, where it is installed; it is no dependency of the
project) and lynx -dump (where the machine has it). A line of a peer with at least `--words` words is lost where less
than half of its windows of three words stand in our text; shorter ones are mostly menus and cells. lynx drops nothing:
what it alone has and what stands inside <nav>, <header>, <footer>, <aside>, an element whose class says footer, a form,
or a list of links is boilerplate that is meant to go (`furniture`). Formulas: pieces of TeX between \\( \\) and
\\[ \\] in the page's source that are missing in ours. Prints one row a peer and, with `--show`, what is lost.
"""

import argparse
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text

from mathmill.pages.charset import decode
from mathmill.pages.html import page_text
from mathmill.pages.warc import Response, responses

_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^>]*>")
_FURNITURE = re.compile(
    r"<(nav|header|footer|aside|form|script|style|select)\b.*?</\1>|<ul\b(?:(?!</?ul\b).)*</ul>"
    r"|<(?:div|address|hr)\b[^>]{0,99}class=\"[^\">]*(?:footer|related|sphinxsidebar).*?</(?:body|ul|address)>",
    re.DOTALL | re.IGNORECASE,
)
_LINKED = re.compile(r"<a\s.*?</a>", re.DOTALL | re.IGNORECASE)
_TEX = re.compile(r"\\\((.{1,400}?)\\\)|\\\[(.{1,2000}?)\\\]", re.DOTALL)
_SIZE = 3  # words of a window


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def windows(found: list[str]) -> set[tuple[str, ...]]:
    return {tuple(found[start : start + _SIZE]) for start in range(len(found) - _SIZE + 1)}


def lynx(html: str) -> str:
    command = ["lynx", "-dump", "-nolist", "-width=1000", "-stdin", "-force_html", "-assume_charset=utf-8",
               "-display_charset=utf-8"]  # fmt: skip
    # An old charset would win over UTF-8, and the <link>s of a page's head would become its first line.
    source = re.sub(r"<meta[^>]*charset[^>]*>|<link\b[^>]*>", "", html, flags=re.IGNORECASE)
    done = subprocess.run(command, input=source.encode("utf-8", "replace"), capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8", "replace")


def trafilatura(html: str) -> str:
    import trafilatura as peer

    return peer.extract(html) or ""


def resiliparse(html: str) -> str:
    return str(extract_plain_text(html, main_content=True))


def peers() -> dict[str, Callable[[str], str]]:
    found: dict[str, Callable[[str], str]] = {"resiliparse": resiliparse}
    if importlib.util.find_spec("trafilatura") is not None:
        found["trafilatura"] = trafilatura
    if shutil.which("lynx"):
        found["lynx"] = lynx
    return found


def furniture(html: str) -> set[tuple[str, ...]]:
    """Windows of words that stand in menus, headers, footers, forms, or lists that are half links."""
    found: set[tuple[str, ...]] = set()
    for match in _FURNITURE.finditer(html):
        text = words(unescape(_TAG.sub(" ", match.group())))
        linked = sum(len(words(_TAG.sub(" ", link))) for link in _LINKED.findall(match.group()))
        if not match.group().lower().startswith("<ul") or 2 * linked > len(text):
            found |= windows(text)
    return found


def lost_lines(theirs: str, ours: set[tuple[str, ...]], least: int) -> tuple[int, list[str]]:
    """How many lines were looked at, and those of which less than half stands in ours."""
    lines = [line for line in theirs.split("\n") if len(words(line)) >= least]
    lost = []
    for line in lines:
        made = windows(words(line))
        if sum(window in ours for window in made) * 2 < len(made):
            lost.append(" ".join(line.split()))
    return len(lines), lost


def lost_formulas(html: str, text: str) -> tuple[int, list[str]]:
    squeezed = "".join(text.split())
    found = ["".join(unescape(_TAG.sub("", one or two)).split()) for one, two in _TEX.findall(html)]
    # An environment around the whole is written as it is; wrappers that say nothing go (see pages/tex.py).
    found = [re.sub(r"^\\(?:display|text)style", "", piece) for piece in found if piece]
    return len(found), [piece for piece in found if piece not in squeezed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of WARC files")
    parser.add_argument("--every", type=int, default=13, help="take each n-th page")
    parser.add_argument("--words", type=int, default=8, help="shorter lines are not compared")
    parser.add_argument("--show", type=int, default=0, help="examples of lost lines of each peer")
    given = parser.parse_args()
    pages = [item for file in sorted(given.data.glob("*.warc.gz")) for item in responses(file, 8_000_000)]
    sample = [item for item in pages if isinstance(item, Response)][:: given.every]
    table = {name: {"lines": 0, "lost": 0, "furniture": 0, "pages_with_loss": 0, "words": 0} for name in peers()}
    shown: dict[str, list[str]] = {name: [] for name in table}
    formulas, gone, own = 0, [], 0
    for item in sample:
        html = (decode(item.body, item.charset) or ("", ""))[0]
        text = page_text(html)
        ours, menus = windows(words(text)), furniture(html)
        own += len(words(text))
        count, missing = lost_formulas(html, text)
        formulas, gone = formulas + count, gone + missing
        for name, extract in peers().items():
            theirs = extract(html)
            looked, lost = lost_lines(theirs, ours, given.words)
            real = lost_lines("\n".join(lost), menus, given.words)[1]
            row = table[name]
            row["lines"] += looked
            row["lost"] += len(real)
            row["furniture"] += len(lost) - len(real)
            row["pages_with_loss"] += bool(real)
            row["words"] += len(words(theirs))
            shown[name] += [f"{item.url}: {line[:160]}" for line in real]
    print(json.dumps({"pages": len(sample), "our_words": own, "formulas": formulas, "formulas_lost": len(gone)}))
    for name, row in table.items():
        print(json.dumps({"peer": name, **row}))
        print("\n".join(f"    {line}" for line in shown[name][: given.show]))
    print("\n".join(f"    formula: {piece[:120]}" for piece in gone[: given.show]))


if __name__ == "__main__":
    main()
