"""Stand-ins that carry formulas and code unharmed through text extraction, which collapses and drops white space."""

import re

# Private-use characters: a page that holds them itself has them removed before anything else (see html.prepare).
RESERVED = re.compile("[\ue000-\ue004]")
# Stands beside a character that would be dropped if it stood alone (see html.prepare).
PAD = "\ue004"
_FORMULA = re.compile("\ue000(\\d+)\ue001")
_CODE = re.compile("\ue002(\\d+)\ue003")


class Placeholders:
    """The formulas and code blocks of one page, numbered."""

    def __init__(self) -> None:
        self.formulas: list[tuple[str, bool]] = []
        self.code: list[str] = []

    def formula(self, tex: str, display: bool) -> str:
        """Keep a formula; returns the text that stands for it."""
        self.formulas.append((tex.replace(PAD, ""), display))
        return f"\ue000{len(self.formulas) - 1}\ue001"

    def verbatim(self, text: str) -> str:
        """Keep a piece of code as it is; returns the text that stands for it."""
        self.code.append(text.replace(PAD, ""))
        return f"\ue002{len(self.code) - 1}\ue003"

    def restore_code(self, text: str) -> str:
        """Put the code back."""
        return _CODE.sub(lambda match: self._at(self.code, match), text)

    def restore_formulas(self, text: str) -> str:
        """Put the formulas back: `$..$` in the line, `$$..$$` on a line of its own (inside a table row: in the row)."""
        return "\n".join(self._line(line) if "\ue000" in line else line for line in text.split("\n"))

    def _line(self, line: str) -> str:
        in_row = " | " in line

        def written(match: re.Match[str]) -> str:
            index = int(match.group(1))
            if index >= len(self.formulas):
                return ""
            tex, display = self.formulas[index]
            if not display:
                return f"${tex}$"
            return f"$${tex}$$" if in_row else f"\n$${tex}$$\n"

        return "\n".join(part.strip() for part in _FORMULA.sub(written, line).split("\n")).strip("\n")

    @staticmethod
    def _at(kept: list[str], match: re.Match[str]) -> str:
        index = int(match.group(1))
        return kept[index] if index < len(kept) else ""
