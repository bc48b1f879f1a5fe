"""The content of a page before any HTML: blocks of text with formulas inside.

A formula stands in running text as U+0002 TeX U+0003, so that prices and shell variables may use the dollar sign.
"""

import re
from dataclasses import dataclass, field

OPEN, CLOSE = "\x02", "\x03"
_FORMULA = re.compile("\x02(.*?)\x03", re.DOTALL)


def formula(tex: str) -> str:
    """Mark TeX as a formula inside running text."""
    return f"{OPEN}{tex}{CLOSE}"


def pieces(text: str) -> list[tuple[bool, str]]:
    """Cut running text into (is formula, content) pairs."""
    parts = _FORMULA.split(text)
    return [(bool(index % 2), part) for index, part in enumerate(parts) if part]


@dataclass(frozen=True)
class Block:
    """One block of a page.

    kind: heading, para, display (one formula), list, steps (numbered list), table (rows of cells), code, quote, post (a
    message with an author: items are its paragraphs), solution (collapsed until a click: items are its paragraphs).
    """

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    level: int = 2


@dataclass
class Document:
    """A page's content: its title and blocks; `formulas` lists every TeX formula in reading order."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    topic: str = ""

    def texts(self) -> list[str]:
        """Every running text of the document in reading order."""
        found = [self.title]
        for block in self.blocks:
            if block.kind == "display":
                found.append(formula(block.text))
            elif block.text:
                found.append(block.text)
            found.extend(block.items)
            found.extend(cell for row in block.rows for cell in row)
        return found

    @property
    def formulas(self) -> list[str]:
        """The TeX of every formula, in reading order."""
        return [tex for text in self.texts() for tex in _FORMULA.findall(text)]


def inline_plain(text: str) -> str:
    """Running text with formulas in dollar signs, the normal form of mathematical text corpora."""
    return _FORMULA.sub(lambda found: f"${found.group(1)}$", text)


def plain_text(document: Document) -> str:
    """The document as plain text: blocks on their own lines, displayed formulas in double dollars."""
    lines = [inline_plain(document.title)]
    for block in document.blocks:
        if block.kind == "display":
            lines.append(f"$${block.text}$$")
        elif block.kind == "table":
            lines.extend(" | ".join(inline_plain(cell) for cell in row) for row in block.rows)
        else:
            if block.text:
                lines.append(inline_plain(block.text))
            marks = (f"{n}. " for n in range(1, len(block.items) + 1)) if block.kind == "steps" else None
            for item in block.items:
                mark = next(marks) if marks else ("- " if block.kind == "list" else "")
                lines.append(mark + inline_plain(item))
    return "\n\n".join(lines)
