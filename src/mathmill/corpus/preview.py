"""What a person is shown of a page: its first line, and some of its formulas."""

import re
from typing import Any

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
FORMULAS = 3


def preview(text: str, chars: int) -> dict[str, Any]:
    """{title: the first line that is not empty, cut to `chars`; formulas: the first different ones}."""
    lines = (line.strip(" \t#*=-") for line in text.splitlines())
    title = next((line for line in lines if line), "")
    return {"title": shorten(title, chars), "formulas": formulas(text, chars)}


def formulas(text: str, chars: int) -> list[str]:
    """The first formulas of a text that differ, without their dollar signs, each cut to `chars`."""
    found: list[str] = []
    for match in _FORMULA.finditer(text):
        content = shorten(" ".join((match[1] or match[2]).split()), chars)
        if content and content not in found:
            found.append(content)
        if len(found) == FORMULAS:
            break
    return found


def shorten(text: str, chars: int) -> str:
    """The text, or its start and three dots."""
    return text if len(text) <= chars else text[: max(1, chars - 3)] + "..."
