"""What SAT and MMLU-STEM share: the question with its choices, and four worked examples (paper 8.1)."""

import re

from mathmill.evaluate.item import Item
from mathmill.evaluate.official.compare import Algebra
from mathmill.evaluate.official.extract import boxed_or, choice_few_shot
from mathmill.evaluate.tasks.task import Found, Shots, as_one

PHRASE = re.compile(r"[Ff]inal answer is:? *\(?([A-D])\b")
_EXAMPLES = (
    (
        "If $3x + 2 = 17$, what is the value of $6x$?",
        ("5", "10", "30", "34"),
        "From $3x + 2 = 17$ we get $3x = 15$. Then $6x = 2 \\cdot 15 = 30$.",
        "C",
    ),
    (
        "A line has slope $2$ and passes through $(1, 5)$. Where does it meet the $y$-axis?",
        ("$(0, 3)$", "$(0, 5)$", "$(0, 7)$", "$(3, 0)$"),
        "The line is $y = 2(x - 1) + 5 = 2x + 3$. At $x = 0$ it has $y = 3$.",
        "A",
    ),
    (
        "A car that starts from rest speeds up by $4$ metres per second in each second. How fast is it after $5$ "
        "seconds, in metres per second?",
        ("0.8", "9", "1.25", "20"),
        "The speed is the acceleration times the time, $4 \\cdot 5 = 20$.",
        "D",
    ),
    (
        "How many edges does a tree with $12$ vertices have?",
        ("10", "11", "12", "66"),
        "A tree has one edge fewer than vertices, so there are $12 - 1 = 11$ edges.",
        "B",
    ),
)


def question(text: str, options: list[str]) -> str:
    """The question with its lettered choices."""
    lettered = ", ".join(f"({letter}) {option.strip()}" for letter, option in zip("ABCD", options, strict=False))
    return f"{text.strip()}\nWhich of the following choices is right? Explain your answer.\n{lettered}"


SHOTS = {
    "cot": Shots(
        tuple(
            (
                question(text, list(options)),
                f"{thought}\nFinal Answer: The final answer is ({letter}). I hope it is correct.",
            )
            for text, options, thought, letter in _EXAMPLES
        ),
        ask="Problem:\n{question}\n\nSolution:",
        joint="\n",
        stop=("\nProblem:",),
    )
}


def few_shot(item: Item, text: str) -> Found:
    """The letter that a base model's text names."""
    return choice_few_shot(text)


def zero_shot(item: Item, text: str) -> Found:
    """The last box of a tuned model's text, else the letter that it names."""
    return boxed_or(choice_few_shot)(text)


def official(found: Found, item: Item, algebra: Algebra) -> bool:
    """Equal letters, in whichever case."""
    return as_one(found).lower() == item.answer.lower()
