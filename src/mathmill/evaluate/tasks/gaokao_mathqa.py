"""Gaokao MathQA: 351 Chinese problems with four choices, a few with several right ones; five shots (paper 8.1)."""

import re

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import rightmost_letter
from mathmill.evaluate.official.extract import boxed, gaokao_few_shot
from mathmill.evaluate.tasks.gaokao_mathcloze import PHRASE
from mathmill.evaluate.tasks.task import Found, Shots, Task, as_list
from mathmill.reward.config import VerifierConfig
from mathmill.workflow.files import text_of

_BETWEEN = re.compile(r"[\s,;，；、()（）.。$]|\\(?:text|mathrm)|[{}]|和|与")
_EXAMPLES = (
    ("设集合 $A=\\{x \\mid x>1\\}$, $B=\\{0,1,2,3\\}$, 则 $A \\cap B=(\\quad)$",
     ("$\\{0,1\\}$", "$\\{2,3\\}$", "$\\{1,2,3\\}$", "$\\{3\\}$"),
     "$B$ 中大于 $1$ 的元素为 $2$ 和 $3$。", "B"),
    ("复数 $(1+\\mathrm{i})^2=(\\quad)$", ("$2$", "$-2$", "$-2\\mathrm{i}$", "$2\\mathrm{i}$"),
     "$(1+\\mathrm{i})^2=1+2\\mathrm{i}-1=2\\mathrm{i}$。", "D"),
    ("函数 $f(x)=x^2-4x+1$ 的最小值为 $(\\quad)$", ("$-3$", "$1$", "$-4$", "$2$"),
     "$f(x)=(x-2)^2-3$, 最小值为 $-3$。", "A"),
    ("同时掷两枚硬币, 恰有一枚正面朝上的概率为 $(\\quad)$",
     ("$\\frac{1}{4}$", "$\\frac{1}{3}$", "$\\frac{1}{2}$", "$\\frac{3}{4}$"),
     "四种等可能的结果中有两种符合, 概率为 $\\frac{1}{2}$。", "C"),
    ("若 $\\log_2 x=3$, 则 $x=(\\quad)$", ("$6$", "$8$", "$9$", "$5$"), "$x=2^3=8$。", "B"),
)  # fmt: skip


def _question(text: str, options: list[str]) -> str:
    return f"{text.strip()}\n从以下选项中选择:    {' '.join(options)}"


def read(row: Row, number: int) -> Item:
    """Gaokao MathQA: question, options (each with its letter), label = one letter or several."""
    options, label = row["options"], re.sub(r"\s", "", text_of(row, "label"))
    if not isinstance(options, list) or not label or set(label) - set("ABCD"):
        raise ValueError("options, and a label of the letters A to D")
    question = _question(text_of(row, "question").strip().rstrip("\\"), [str(option).strip() for option in options])
    return Item(str(row.get("id", number)), "gaokao_mathqa", 0, "zh", question, "", label)


def same(found: str, item: Item, config: VerifierConfig) -> bool:
    """Strict: exactly the expected letters, in any order, and nothing beside them."""
    return sorted(_BETWEEN.sub("", found)) == sorted(item.answer)


def _zero_shot(item: Item, text: str) -> Found:
    return boxed(text)[-1:] or [gaokao_few_shot(text)]


TASK = Task(
    name="gaokao_mathqa",
    count=351,
    knows=lambda row: "label" in row and isinstance(row.get("options"), list),
    read=read,
    shots={
        "cot": Shots(
            tuple(
                (
                    _question(question, [f"({'ABCD'[i]}){option}" for i, option in enumerate(options)]),
                    f"{thought} 答案是 {letter}",
                )
                for question, options, thought, letter in _EXAMPLES
            ),
            ask="问题 {number}.    {question}\n问题 {number}的解析:",
            stop=("\n问题 ",),
        )
    },
    few_shot=lambda item, text: gaokao_few_shot(text),
    zero_shot=_zero_shot,
    official=lambda found, item, algebra: rightmost_letter(" ".join(as_list(found))) == item.answer,
    phrase=PHRASE,
    same=same,
)
