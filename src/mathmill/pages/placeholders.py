"""Stand-ins that carry formulas and code unharmed through parsing and extraction, which drop and collapse them."""

import re
from collections import Counter

# Private-use characters: a page that holds them itself has them removed before anything else (see html.prepare).
# None ends in 00: a search through a wide string goes by the low byte, and 00 is every ASCII character's high one.
RESERVED_CHARACTERS = "\ue001\ue002\ue003\ue004\ue005\ue006"
RESERVED = re.compile(f"[{RESERVED_CHARACTERS}]")
# Stands beside a character that would be dropped if it stood alone (see html.page_text).
PAD = "\ue004"
INLINE, DISPLAY, CLOSE, CODE, CODE_END = "\ue006", "\ue005", "\ue001", "\ue002", "\ue003"
MARK = re.compile(f"[{INLINE}{DISPLAY}](\\d+){CLOSE}")
_INLINE = re.compile(f"{INLINE}(\\d+){CLOSE}")
_DISPLAY = re.compile(f"{DISPLAY}(\\d+){CLOSE}")
_CODE = re.compile(f"{CODE}(\\d+){CODE_END}")


class Placeholders:
    """The formulas and code blocks of one page, numbered.

    kinds: for each formula the kind of markup that it came from. raised: <sup> and <sub> turned into marks.
    """

    def __init__(self) -> None:
        self.formulas: list[str] = []
        self.kinds: list[str] = []
        self.code: list[str] = []
        self.raised = 0

    def formula(self, tex: str, display: bool, kind: str) -> str:
        """Keep a formula; returns the text that stands for it."""
        self.formulas.append(tex)
        self.kinds.append(kind)
        return f"{DISPLAY if display else INLINE}{len(self.formulas) - 1}{CLOSE}"

    def verbatim(self, text: str) -> str:
        """Keep a piece of code as it is; returns the text that stands for it."""
        self.code.append(text)
        return f"{CODE}{len(self.code) - 1}{CODE_END}"

    def kept(self, text: str) -> set[int]:
        """The numbers of the formulas whose placeholders stand in a text."""
        return {int(number) for number in MARK.findall(text)} if self.formulas else set()

    def counts(self, numbers: set[int]) -> Counter[str]:
        """How many of these formulas came from each kind of markup; `sup_sub` counts raised and lowered marks."""
        counts = Counter(self.kinds[number] for number in numbers if number < len(self.kinds))
        if self.raised:
            counts["sup_sub"] = self.raised
        return counts

    def restore_code(self, text: str) -> str:
        """Put the code back."""
        return _CODE.sub(lambda match: self._at(self.code, match), text) if CODE in text else text

    def restore_formulas(self, text: str) -> str:
        """Put the formulas back: `$..$` in the line, `$$..$$` on a line of its own (inside a table row: in the row)."""
        if INLINE in text:
            text = _INLINE.sub(lambda match: f"${self._at(self.formulas, match)}$", text)
        if DISPLAY not in text:
            return text
        return "\n".join(self._line(line) if DISPLAY in line else line for line in text.split("\n"))

    def _line(self, line: str) -> str:
        if " | " in line:
            return _DISPLAY.sub(lambda match: f"$${self._at(self.formulas, match)}$$", line)
        parts = _DISPLAY.sub(lambda match: f"\n$${self._at(self.formulas, match)}$$\n", line).split("\n")
        return "\n".join(part.strip() for part in parts).strip("\n")

    @staticmethod
    def _at(kept: list[str], match: re.Match[str]) -> str:
        index = int(match.group(1))
        return kept[index] if index < len(kept) else ""
