"""OCW courses: 272 English problems of university science; four shots in Minerva's form (paper 8.1)."""

from mathmill.evaluate.item import Item, Row
from mathmill.evaluate.official.extract import boxed_or, ocw_few_shot
from mathmill.evaluate.official.ocw import equal
from mathmill.evaluate.tasks.math import PHRASE
from mathmill.evaluate.tasks.task import Shots, Task, as_one
from mathmill.workflow.files import text_of

_EXAMPLES = (
    (
        "Subproblem 0: A lamp sends out $60$ watts of light equally in all directions. What is the flux in watts per "
        "square metre at a distance of $2$ metres, to two significant figures?",
        "The light spreads over a sphere of area $4 \\pi r^2 = 16 \\pi$ square metres. The flux is $60 / (16 \\pi) "
        "\\approx 1.2$.",
        "1.2",
    ),
    (
        "Subproblem 1: A mass $m$ hangs from a spring with constant $k$. Find the angular frequency of small "
        "oscillations.",
        "Newton's law gives $m \\ddot{x} = -k x$, which is a harmonic oscillation of angular frequency $\\sqrt{k/m}$.",
        "\\sqrt{\\frac{k}{m}}",
    ),
    (
        "Subproblem 0: A tank loses water at a rate proportional, with factor $a$, to its volume $V(t)$. Write the "
        "differential equation for $V$.",
        "The rate of change of the volume is minus the factor times the volume.",
        "\\frac{d V}{d t}=-a V",
    ),
    (
        "Subproblem 2: Neon has a molar mass of $20.2$ grams per mole. How many moles are in $5.05$ grams of it?",
        "The number of moles is the mass over the molar mass, $5.05 / 20.2 = 0.25$.",
        "0.25",
    ),
)


def read(row: Row, number: int) -> Item:
    """OCW: problem, solution, answer."""
    return Item(
        id=str(row.get("id", number)),
        family="ocw",
        difficulty=0,
        lang="en",
        question=text_of(row, "problem").strip(),
        solution=text_of(row, "solution"),
        answer=text_of(row, "answer").strip(),
    )


TASK = Task(
    name="ocw",
    count=272,
    knows=lambda row: {"problem", "solution", "answer"} <= row.keys() and "level" not in row and "type" not in row,
    read=read,
    shots={
        "cot": Shots(
            tuple(
                (question, f"{thought}\nFinal Answer: The final answer is {answer}. I hope it is correct.")
                for question, thought, answer in _EXAMPLES
            ),
            ask="Problem:\n{question}\n\nSolution:",
            joint="\n",
            stop=("\nProblem:",),
        )
    },
    few_shot=lambda item, text: ocw_few_shot(text),
    zero_shot=lambda item, text: boxed_or(ocw_few_shot)(text),
    official=lambda found, item, algebra: equal(as_one(found), item.answer, algebra),
    phrase=PHRASE,
)
