"""Bring the written forms of one answer together: spaces, signs, LaTeX dress, units."""

import re
import unicodedata

# Words that may stand behind a number; scale words (million, dozen, percent) are left out on purpose.
_UNIT_WORDS = """
dollar dollars cent cents usd yuan rmb euro euros pound pounds meter meters metre metres km cm mm m kg g mg lb
lbs kilogram kilograms gram grams kilometer kilometers centimeter centimeters mile miles inch inches foot feet
ft yard yards liter liters litre litres ml hour hours hr hrs minute minutes min mins second seconds sec secs
day days week weeks month months year years degree degrees point points unit units apple apples book books
coin coins marble marbles people person students student children times items pieces mph
元 角 分 米 厘米 千米 公里 毫米 千克 公斤 克 吨 升 毫升 小时 分钟 秒 天 周 月 年 个 只 本 支 枝
条 张 人 名 棵 辆 块 度 岁 次 朵 箱 盒 包 袋 页 平方米 平方厘米 立方米 立方厘米 颗 件 头 位 层
间 组 套 双 台 根 架 艘 瓶 筐
"""
_UNITS = frozenset(_UNIT_WORDS.split())
_TRANSLATE = str.maketrans({"−": "-", "–": "-", "—": "-", "×": "\\times ", "÷": "/", "，": ",", "％": "%", "π": "\\pi ",
                            "√": "\\sqrt ", "∞": "\\infty ", "\u00a0": " ", "\u202f": " ", "\u2009": " "})  # fmt: skip
_DROP = re.compile(
    r"\\(?:left|right|displaystyle|textstyle|limits)(?![a-zA-Z])|(?<!\\)\\[!,;:>](?![a-zA-Z])|(?<!\\)\\ "
    r"|\\q?quad|~"
)
_FRACS = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_BARE_FRAC = re.compile(r"\\frac\s*(\d)\s*(\d)(?!\d)|\\frac\s*(\d)\s*(\{[^{}]*\})|\\frac\s*(\{[^{}]*\})\s*(\d)")
_FONT = re.compile(r"\\(?:mathrm|mathbf|mathit|mathsf|text|textbf|textrm|textnormal|mbox|operatorname)\s*\{([^{}]*)\}")
_DEGREE = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|°")
_TRAILING_WORD = re.compile(r"(?<=[\d}%.)])(\s*)([A-Za-z]+|[\u4e00-\u9fff]{1,4})(?: ?\^?\{?[23]\}?)?\.?$")
_BRACE_THOUSANDS = re.compile(r"(?<=\d) ?(?:\{ ?, ?\}|,\\!) ?(?=\d{3})|(?<=\d)\\,(?=\d{3}(?!\d))")
_LISTED = re.compile(r"(?<=\d), (?=\d{3}(?!\d))")  # "32, 349" is two numbers, "32,349" is one
_RELATIONS = (
    (re.compile(r"<=|\\leq(?:slant)?(?![a-zA-Z])"), r"\\le "),
    (re.compile(r">=|\\geq(?:slant)?(?![a-zA-Z])"), r"\\ge "),
    (re.compile(r"!=|\\ne(?![a-zA-Z])"), r"\\neq "),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
)
_PERCENT = re.compile(r"(?<=\d) ?(?:percent(?:age)?|pct)\.?$", re.IGNORECASE)


def normalise(answer: str) -> str:
    r"""One spelling for answers that differ only in dress.

    Full-width characters, minus signs, `$...$`, spacing commands, `\left`, `\dfrac`, `\text{...}`, thousands separators
    in braces, currency and degree signs and a trailing unit go; `\frac12` becomes `\frac{1}{2}`. Case, order, brackets
    and operators stay.
    """
    if answer.isascii() and answer.lstrip("-").isdigit():
        return answer
    text = answer if answer.isascii() else "".join(map(_plain_character, answer.translate(_TRANSLATE)))
    text = text.strip()
    text = _BRACE_THOUSANDS.sub(lambda match: "" if match.group() == "\\," else ",", text)
    text = _DROP.sub(" ", text).replace("\\%", "%").replace("\\$", "")
    text = text.replace("$", "").replace("¥", "").replace("€", "").replace("£", "")
    text = _FRACS.sub(r"\\frac", text)
    text = _BARE_FRAC.sub(_brace_fraction, text)
    text = _DEGREE.sub("", text)
    if any(sign in text for sign in ("<", ">", "!=", "\\")):
        for pattern, sign in _RELATIONS:
            text = pattern.sub(sign, text)
    text = _FONT.sub(r" \1 ", text)
    text = re.sub(r"\s+", " ", text).strip()
    text = text.rstrip(" .。,;") or text
    text = _strip_unit(_PERCENT.sub("%", text))
    text = _LISTED.sub(";", text)
    # Spaces mean nothing in formulas, but stand between words and in mixed numbers ("1 1/2").
    text = re.sub(r" ?([-+*/=^_{}()\[\],<>|%]) ?", r"\1", text)
    text = re.sub(r"(\\[a-zA-Z]+) (?=[^a-zA-Z])", r"\1", text).replace(" \\", "\\")
    text = re.sub(r"([_^])\{(\w)\}", r"\1\2", text)
    return re.sub(r"^\((-?[\d.]+)\)$|^\{([^{},]*)\}$", lambda match: match.group(1) or match.group(2), text)


def _plain_character(character: str) -> str:
    """A full-width or styled character as its plain one; raised, lowered and fraction characters keep their meaning."""
    tag = "" if character.isascii() else unicodedata.decomposition(character).partition(" ")[0]
    if not tag.startswith("<"):
        return character
    plain = unicodedata.normalize("NFKC", character).replace("\u2044", "/").replace("−", "-")
    return {"<super>": "^", "<sub>": "_", "<fraction>": " "}.get(tag, "") + plain


def _brace_fraction(match: re.Match[str]) -> str:
    above, below = [group for group in match.groups() if group is not None]
    return f"\\frac{{{above.strip('{}')}}}{{{below.strip('{}')}}}"


def _strip_unit(text: str) -> str:
    match = _TRAILING_WORD.search(text)
    if match is None or match.group(2).lower() not in _UNITS:
        return text
    # "3m" may be three times m; a one-letter unit needs a space before it
    if len(match.group(2)) == 1 and match.group(2).isascii() and not match.group(1):
        return text
    return text[: match.start()].strip()


def looks_like_expression(text: str) -> bool:
    """Whether a normalised answer has the form of mathematics rather than of words or of one plain symbol."""
    without_commands = re.sub(r"\\[a-zA-Z]+", "", text)
    if re.search(r"[^\x20-\x7e]|[A-Za-z]{4,}|[@#\"'?;:~`&]", without_commands.replace("sqrt", "")):
        return False
    return bool(
        re.search(r"\\(?:frac|sqrt|pi|infty|cup|cap|in|le|ge|begin|sin|cos|tan|log|ln|e)|[-+*/^=<>(\[,{]|\d[a-z]", text)
    )
