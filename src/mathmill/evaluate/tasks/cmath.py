"""CMATH: 1,098 Chinese problems of primary school; six shots (paper 8.1)."""

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import equal_one
from mathmill.evaluate.official.extract import cmath_few_shot, single
from mathmill.evaluate.tasks.task import Shots, Task, as_one
from mathmill.workflow.files import text_of

_EXAMPLES = (
    ("小红有25颗糖，吃了7颗，还剩多少颗？", "原来有25颗，吃掉7颗，还剩25-7=18颗。", "18"),
    ("一本书8元，买6本书要多少元？", "每本8元，6本一共8×6=48元。", "48"),
    ("把72个苹果平均装进9个篮子，每个篮子装几个？", "72个平均分成9份，每份72÷9=8个。", "8"),
    (
        "一个长方形长12厘米，宽5厘米，它的周长是多少厘米？",
        "周长是长与宽的和的2倍，12+5=17，17×2=34厘米。",
        "34",
    ),
    (
        "修一条长600米的路，已经修了它的40%，还剩多少米没有修？",
        "已经修了600×40%=240米，还剩600-240=360米。",
        "360",
    ),
    (
        "甲、乙两车同时从相距300千米的两地相向开出，甲车每小时行60千米，乙车每小时行40千米，几小时后相遇？",
        "两车每小时一共行60+40=100千米，300÷100=3小时。",
        "3",
    ),
)


def read(row: Row, number: int) -> Item:
    """CMATH: question, golden; difficulty is the school grade. It has no solutions."""
    question, answer = text_of(row, "question"), text_of(row, "golden")
    return Item(str(row.get("id", number)), "cmath", int(row["grade"]), "zh", question, "", answer)


TASK = Task(
    name="cmath",
    count=1098,
    knows=lambda row: "golden" in row and "question" in row,
    read=read,
    shots={
        "cot": Shots(
            tuple((question, f"{thought}答案是{answer}。") for question, thought, answer in _EXAMPLES),
            ask="问题：{question}\n答案：",
            joint="",
            stop=("\n问题：",),
        )
    },
    few_shot=lambda item, text: cmath_few_shot(text),
    zero_shot=lambda item, text: single(text),
    official=lambda found, item, algebra: equal_one(as_one(found), item.answer.replace(",", ""), algebra),
)
