"""Tables of MathML: which of LaTeX's matrices the fences around a table make of it."""

from collections.abc import Callable

from mathmill.pages.mathml_tree import Element

# Opening and closing fence -> environment.
_MATRICES = {
    ("(", ")"): "pmatrix",
    ("[", "]"): "bmatrix",
    ("{", "}"): "Bmatrix",
    ("|", "|"): "vmatrix",
    ("∣", "∣"): "vmatrix",
    ("‖", "‖"): "Vmatrix",
    ("∥", "∥"): "Vmatrix",
    ("{", ""): "cases",
}
_OPENING = frozenset(pair[0] for pair in _MATRICES)
_ROWS = ("mtr", "mlabeledtr")


def table_rows(table: Element) -> list[list[Element]]:
    """The cells of each row; the label of a labelled row (an equation's number) is left out."""
    rows = []
    for row in table.elements():
        if row.tag in _ROWS:
            cells = row.elements()
            rows.append(cells[1:] if row.tag == "mlabeledtr" else cells)
    return rows


def columns(table: Element) -> str:
    """How the columns are aligned, as the attribute says it."""
    return " ".join((table.get("columnalign") or "").split())


def fenced_table(elements: list[Element], cells: Callable[[Element], str]) -> tuple[str, int]:
    """The LaTeX of fence, table, fence at the start of `elements`, and how many it used; ("", 0) for anything else.

    cells: writes the rows of a table. A brace with nothing on its other side makes cases.
    """
    if len(elements) < 2 or elements[0].tag != "mo":
        return "", 0
    opening = elements[0].text().strip()
    table = _unwrapped(elements[1])
    if opening not in _OPENING or table.tag != "mtable":
        return "", 0
    third = elements[2] if len(elements) > 2 else None
    closing = third.text().strip() if third is not None and third.tag == "mo" else ""
    name = _MATRICES.get((opening, closing))
    if name is None:
        return "", 0
    used = 3 if third is not None and third.tag == "mo" else 2
    return f"\\begin{{{name}}}{cells(table)}\\end{{{name}}}", used


def _unwrapped(element: Element) -> Element:
    while element.tag in ("mrow", "mstyle", "mpadded") and len(element.elements()) == 1:
        element = element.elements()[0]
    return element
