"""GSM8K: 1,319 English word problems; eight shots of chain of thought, eight of programs (paper 8.1)."""

import re

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import equal_one
from mathmill.evaluate.official.extract import gsm8k_few_shot, single
from mathmill.evaluate.tasks.task import Shots, Task, as_one
from mathmill.workflow.files import text_of

_CALCULATOR = re.compile(r"<<[^<>]*>>")

# (question, chain of thought, body of the program, answer)
_EXAMPLES = (
    (
        "A baker fills 6 trays with 12 rolls each and sells 50 rolls. How many rolls are left?",
        "The baker makes 6 * 12 = 72 rolls. After 50 are sold, 72 - 50 = 22 rolls are left.",
        "rolls = 6 * 12\n    sold = 50\n    result = rolls - sold",
        "22",
    ),
    (
        "Nora has 15 stickers. Her uncle gives her 9 more and she gives 4 to her brother. How many has she now?",
        "With her uncle's stickers Nora has 15 + 9 = 24. She gives 4 away, so 24 - 4 = 20 remain.",
        "stickers = 15\n    stickers += 9\n    stickers -= 4\n    result = stickers",
        "20",
    ),
    (
        "There are 7 benches in a park. On 3 of them sit 2 people each and on the others 4 each. How many people sit?",
        "On 3 benches sit 3 * 2 = 6 people. The other 7 - 3 = 4 benches hold 4 * 4 = 16. Together that is 6 + 16 = 22.",
        "pairs = 3 * 2\n    others = (7 - 3) * 4\n    result = pairs + others",
        "22",
    ),
    (
        "Leo reads 18 pages a day. How many pages does he read in two weeks?",
        "Two weeks are 14 days. In 14 days Leo reads 14 * 18 = 252 pages.",
        "days = 2 * 7\n    result = days * 18",
        "252",
    ),
    (
        "A rope of 45 metres is cut into pieces of 5 metres, and a third of the pieces is thrown away. "
        "How many are kept?",
        "There are 45 / 5 = 9 pieces. A third of them is 9 / 3 = 3, so 9 - 3 = 6 are kept.",
        "pieces = 45 // 5\n    thrown = pieces // 3\n    result = pieces - thrown",
        "6",
    ),
    (
        "Mina buys 3 pens at $2 each and a notebook for $5. She pays with a $20 note. How much change does she get?",
        "The pens cost 3 * 2 = 6 dollars. With the notebook it is 6 + 5 = 11 dollars. The change is 20 - 11 = 9 "
        "dollars.",
        "cost = 3 * 2 + 5\n    result = 20 - cost",
        "9",
    ),
    (
        "A tank holds 80 litres and is half full. Each minute 5 litres flow in. After how many minutes is it full?",
        "Half of the tank is 80 / 2 = 40 litres, which are missing. At 5 litres a minute that takes 40 / 5 = 8 "
        "minutes.",
        "missing = 80 / 2\n    result = missing / 5",
        "8",
    ),
    (
        "Omar is twice as old as Pia, and in 4 years Pia will be 13. How old is Omar?",
        "Today Pia is 13 - 4 = 9 years old. Omar is twice as old, 2 * 9 = 18.",
        "pia = 13 - 4\n    result = 2 * pia",
        "18",
    ),
)


def read(row: Row, number: int) -> Item:
    """GSM8K: question, and answer = solution with calculator notes, `####`, final answer. Difficulty: its lines."""
    solution, marker, answer = text_of(row, "answer").rpartition("####")
    if not marker:
        raise KeyError("#### in answer")
    plain = _CALCULATOR.sub("", solution).strip()
    answer = answer.strip()
    return Item(
        id=str(row.get("id", number)),
        family="gsm8k",
        difficulty=len([line for line in plain.splitlines() if line.strip()]),
        lang=str(row.get("lang", "en")),
        question=text_of(row, "question").strip(),
        solution=f"{plain} The answer is \\boxed{{{answer}}}.",
        answer=answer,
    )


def program(completion: str) -> str | None:
    """The program of a completion: its function `solution`, whose value is printed."""
    return f"{completion}\nprint(solution())\n" if "def solution" in completion else None


TASK = Task(
    name="gsm8k",
    count=1319,
    knows=lambda row: "question" in row and "####" in str(row.get("answer", "")),
    read=read,
    shots={
        "cot": Shots(
            tuple((question, f"{thought} The answer is {answer}.") for question, thought, _, answer in _EXAMPLES),
            ask="Q: {question}\nA:",
            stop=("\nQ:",),
        ),
        "pot": Shots(
            tuple((question, f"def solution():\n    {body}\n    return result") for question, _, body, _ in _EXAMPLES),
            ask="Q: {question}\n\n# solution in Python:\n\n",
            joint="\n",
            stop=("\nQ:", "\n\n\n\n"),
            program=program,
        ),
    },
    few_shot=lambda item, text: gsm8k_few_shot(text),
    zero_shot=lambda item, text: single(text),
    official=lambda found, item, algebra: equal_one(as_one(found), item.answer.replace(",", ""), algebra),
)
