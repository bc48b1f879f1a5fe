"""Pieces of the page: tables, figures, and numbers that carry their source."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from mathmill.report.facts import Fact
from mathmill.report.figures import Drawn


def percent(fact: Fact, sign: bool = False) -> str:
    """A share as percent, with its interval in small print."""
    text = f"{100 * fact.value:{'+' if sign else ''}.1f}"
    small = ""
    if fact.low is not None and fact.high is not None:
        low, high = (f"{100 * end:{'+' if sign else ''}.1f}" for end in (fact.low, fact.high))
        small = f' <small class="ci">{low}&nbsp;to&nbsp;{high}</small>'
    return _sourced(fact, text) + small


def number(fact: Fact, digits: int = 0, sign: bool = False) -> str:
    """A plain number with thousands separators; a tiny one keeps one digit."""
    if digits and fact.value and abs(fact.value) < 10**-digits:
        return _sourced(fact, f"{fact.value:.1g}")
    return _sourced(fact, f"{fact.value:{'+' if sign else ''},.{digits}f}")


def decimal(fact: Fact, sign: bool = False) -> str:
    """A number to three places, with its interval in small print."""
    text, small = f"{fact.value:{'+' if sign else ''}.3f}", ""
    if fact.low is not None and fact.high is not None:
        low, high = (f"{end:{'+' if sign else ''}.3f}" for end in (fact.low, fact.high))
        small = f' <small class="ci">{low}&nbsp;to&nbsp;{high}</small>'
    return _sourced(fact, text) + small


def _sourced(fact: Fact, text: str) -> str:
    return f'<span class="n" title="{escape(fact.source, quote=True)}">{text}</span>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", names: int = 1) -> str:
    """A table that scrolls sideways on a narrow screen. Cells are finished HTML; `names` first columns are names."""
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"a row of the table {list(header)} has another number of cells")
    kinds = [' class="name"' if place < names else "" for place in range(len(header))]
    head = "".join(f'<th scope="col"{kind}>{cell}</th>' for kind, cell in zip(kinds, header, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f'<th scope="row">{cell}</th>' if i < names else _cell(cell) for i, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    above = f'<p class="caption">{caption}</p>' if caption else ""
    content = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'{above}<div class="scroll" tabindex="0"><table>{content}</table></div>'


def _cell(cell: str) -> str:
    # A cell without a digit is a remark, not a number.
    words = len(cell) > 12 and not any(character.isdigit() for character in cell)
    return f'<td class="words">{cell}</td>' if words else f"<td>{cell}</td>"


def figures(drawn: Sequence[Drawn]) -> str:
    """Figures side by side where there is room, each with links to its files."""
    parts = []
    for one in drawn:
        links = ", ".join(f'<a href="figures/{one.stem}.{kind}">{kind.upper()}</a>' for kind in ("svg", "png", "csv"))
        parts.append(
            f"<figure>{one.inline}<figcaption>{escape(one.caption)} "
            f"<small>From {escape(one.source)}. {links}.</small></figcaption></figure>"
        )
    return f'<div class="figures">{"".join(parts)}</div>'


def section(name: str, title: str, *parts: str) -> str:
    """A section of the page under an anchor."""
    return f'<section id="{name}"><h2>{title}</h2>{"".join(parts)}</section>'


def paragraph(text: str) -> str:
    """A paragraph of finished HTML."""
    return f"<p>{text}</p>"


def text_block(text: str, lang: str = "") -> str:
    """Foreign text (a page, a completion) as it is."""
    mark = f' lang="{escape(lang, quote=True)}"' if lang else ""
    return f"<pre{mark}>{escape(text)}</pre>"


def missing(what: str, command: str) -> str:
    """The place of something that was not run here, and the command that runs it."""
    return f'<p class="missing">{what} was not run here: <code>{escape(command)}</code></p>'


def page(title: str, body: str) -> str:
    """The whole document: one file, no script, nothing from a network."""
    style = (files("mathmill.report") / "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
