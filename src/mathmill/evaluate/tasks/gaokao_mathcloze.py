"""Gaokao MathCloze: 118 Chinese problems with one or more blanks, which count in order; five shots (paper 8.1)."""

import re

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import blanks, equal_ordered
from mathmill.evaluate.official.extract import boxed, gaokao_few_shot
from mathmill.evaluate.official.strip import strip_string
from mathmill.evaluate.tasks.task import Found, Shots, Task, as_list
from mathmill.reward.config import VerifierConfig
from mathmill.reward.verifier import same_answer
from mathmill.workflow.files import text_of

PHRASE = re.compile(r"答案是[:：]? *([^\n]*?)[。.]? *(?:\n|$)")
_EXAMPLES = (
    ("已知集合 $A=\\{1,2,3\\}$, $B=\\{2,3,4,5\\}$, 则 $A \\cap B$ 的元素个数为 $(\\quad)$",
     "两个集合的公共元素为 $2$ 和 $3$, 共 $2$ 个。", "$2$"),
    ("等差数列 $\\{a_n\\}$ 中, $a_1=3$, $a_4=12$, 则公差 $d=(\\quad)$, $a_6=(\\quad)$",
     "由 $a_4=a_1+3d$ 得 $d=3$, 于是 $a_6=3+5 \\times 3=18$。", "$3$;$18$"),
    ("抛物线 $y^2=8x$ 的焦点坐标为 $(\\quad)$",
     "由 $2p=8$ 得 $p=4$, 焦点为 $(\\frac{p}{2},0)$, 即 $(2,0)$。", "$(2,0)$"),
    ("若 $\\sin\\alpha=\\frac{3}{5}$, 且 $\\alpha$ 为第二象限角, 则 $\\cos\\alpha=(\\quad)$",
     "第二象限角的余弦为负, $\\cos\\alpha=-\\sqrt{1-\\frac{9}{25}}=-\\frac{4}{5}$。", "$-\\frac{4}{5}$"),
    ("从 $5$ 名同学中任选 $2$ 名, 不同的选法共有 $(\\quad)$ 种",
     "选法数为 $\\mathrm{C}_5^2=\\frac{5 \\times 4}{2}=10$。", "$10$"),
)  # fmt: skip


def read(row: Row, number: int) -> Item:
    """Gaokao MathCloze: question, answer = the blanks with `;` between them."""
    answer = ";".join(part.strip() for part in text_of(row, "answer").strip().split(";"))
    return Item(str(row.get("id", number)), "gaokao_mathcloze", 0, "zh", text_of(row, "question").strip(), "", answer)


def same(found: str, item: Item, config: VerifierConfig) -> bool:
    """Strict: as many blanks as expected, each equal to its own by the verifier, in order."""
    expected = item.answer.split(";")
    if len(expected) == 1:
        return same_answer(found, item.answer, config=config)
    given = _parts(found.replace("；", ";").replace("，", ","))
    return len(given) == len(expected) and all(
        same_answer(ours, theirs, config=config) for ours, theirs in zip(given, expected, strict=True)
    )


def _parts(text: str) -> list[str]:
    """The blanks of an answer: at `;` outside brackets, without one at commas outside brackets."""
    for separator in ";,":
        cuts, depth = [-1], 0
        for place, character in enumerate(text):
            depth += (character in "([{") - (character in ")]}")
            if character == separator and depth == 0:
                cuts.append(place)
        if len(cuts) > 1:
            return [text[a + 1 : b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    return [text.strip()]


def _zero_shot(item: Item, text: str) -> Found:
    return boxed(text) or [gaokao_few_shot(text).strip("$")]


TASK = Task(
    name="gaokao_mathcloze",
    count=118,
    knows=lambda row: "passage" in row and row.get("options") is None and row.get("answer") is not None,
    read=read,
    shots={
        "cot": Shots(
            tuple((question, f"{thought} 答案是 {answer}") for question, thought, answer in _EXAMPLES),
            ask="问题 {number}.    {question}\n问题 {number}的解析:",
            stop=("\n问题 ",),
        )
    },
    few_shot=lambda item, text: [gaokao_few_shot(text).strip("$")],
    zero_shot=_zero_shot,
    official=lambda found, item, algebra: equal_ordered(
        [strip_string(one) for one in blanks(as_list(found))],
        [strip_string(one) for one in item.answer.split(";")],
        algebra,
    ),
    phrase=PHRASE,
    same=same,
)
