r"""MATH: 5,000 English competition problems; four shots in Minerva's form, five of programs (paper 8.1)."""

import re

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.compare import equal_last
from mathmill.evaluate.official.extract import listed, until
from mathmill.evaluate.tasks.task import Shots, Task, as_list
from mathmill.reward.extract import last_boxed
from mathmill.workflow.files import text_of

PHRASE = re.compile(r"final answer is:? *(.*?)\. I hope it is correct")
_FENCES = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)

_EXAMPLES = (
    (
        "Find all $x$ with $x^2 - 7x + 12 = 0$. Give the solutions separated by commas.",
        "We factor $x^2 - 7x + 12 = (x-3)(x-4)$, so the solutions are $x = 3$ and $x = 4$.",
        "3,4",
    ),
    (
        "What is the remainder when $2^{10}$ is divided by $7$?",
        "Since $2^3 = 8$ leaves the remainder $1$, so does $2^9$. Then $2^{10} = 2 \\cdot 2^9$ leaves the remainder "
        "$2$.",
        "2",
    ),
    (
        "A right triangle has legs of length $5$ and $12$. What is the radius of its inscribed circle?",
        "The hypotenuse is $\\sqrt{25+144} = 13$. The radius is half of the legs' sum less the hypotenuse: "
        "$\\frac{5+12-13}{2} = 2$.",
        "2",
    ),
    (
        "Two fair dice are rolled. What is the probability that the sum is $9$? Give a common fraction.",
        "The sum is $9$ for $(3,6), (4,5), (5,4), (6,3)$, which are $4$ of $36$ outcomes. The probability is "
        "$\\frac{4}{36} = \\frac{1}{9}$.",
        "\\frac{1}{9}",
    ),
)

# (question, code, imports): the answer is the value of `answer`
_PROGRAMS = (
    (
        "Find the sum of all positive divisors of $36$.",
        "answer = sum(d for d in range(1, 37) if 36 % d == 0)",
        "import math",
    ),
    (
        "Find the positive root of $x^2 - 2x - 1 = 0$.",
        "x = symbols('x')\nroots = solve(x**2 - 2*x - 1, x)\nanswer = [root for root in roots if root > 0][0]",
        "from sympy import symbols, solve",
    ),
    (
        "How many integers from $1$ to $100$ are divisible by neither $2$ nor $5$?",
        "answer = len([n for n in range(1, 101) if n % 2 and n % 5])",
        "import math",
    ),
    (
        "Compute $\\binom{8}{3} + \\binom{8}{4}$.",
        "answer = comb(8, 3) + comb(8, 4)",
        "from math import comb",
    ),
    (
        "What is $\\frac{2}{3} + \\frac{3}{4}$ as a common fraction?",
        "answer = Rational(2, 3) + Rational(3, 4)",
        "from sympy import Rational",
    ),
)


def read(row: Row, number: int) -> Item:
    """MATH: problem, solution with its answer in a box, level ("Level 3"), type. The answer is the last box."""
    solution = text_of(row, "solution")
    answer = last_boxed(solution)
    if answer is None:
        raise KeyError("a box in solution")
    level = re.search(r"\d", str(row.get("level", "")))
    return Item(
        id=str(row.get("id", row.get("unique_id", number))),
        family=str(row.get("type", row.get("subject", "math"))),
        difficulty=int(level[0]) if level else 0,
        lang="en",
        question=text_of(row, "problem").strip(),
        solution=solution,
        answer=answer,
    )


def program(completion: str) -> str | None:
    """Exactly two fenced blocks: the code, then its imports. They run in the other order, and `answer` is printed."""
    found = _FENCES.findall(completion)
    if completion.count("```") != 4 or len(found) != 2:
        return None
    code, imports = found
    return f"{imports}\n{code}\nprint(answer)\n"


TASK = Task(
    name="math",
    count=5000,
    knows=lambda row: "problem" in row and "solution" in row and ("level" in row or "type" in row),
    read=read,
    shots={
        "cot": Shots(
            tuple(
                (question, f"{thought}\nFinal Answer: The final answer is ${answer}$. I hope it is correct.")
                for question, thought, answer in _EXAMPLES
            ),
            ask="Problem:\n{question}\n\nSolution:",
            joint="\n",
            stop=("\nProblem:",),
        ),
        "pot": Shots(
            tuple(
                (question, f"```python\n{code}\n```\nImports:\n```python\n{imports}\n```")
                for question, code, imports in _PROGRAMS
            ),
            header="You are an expert programmer. Write Python code that solves each problem and keeps the result in "
            "`answer`, then the imports that the code needs.\n\n",
            ask="Problem:\n{question}\n\nSolution:",
            joint="\n",
            stop=("\nProblem:",),
            program=program,
        ),
    },
    few_shot=lambda item, text: listed(item.question, until("Problem:", text)),
    zero_shot=lambda item, text: listed(item.question, text),
    official=lambda found, item, algebra: equal_last(as_list(found), listed(item.question, item.solution), algebra),
    phrase=PHRASE,
)
