"""The paper's numbers that stand beside ours (arXiv:2402.03300, version 3), in percent as printed."""

from dataclasses import dataclass

from mathmill.report.facts import PAPER


@dataclass(frozen=True)
class Comparison:
    """One ablation of the paper and its counterpart here.

    without, with_: the models (items of stage evaluate) without and with the ingredient. paper: benchmark -> (score
    without, score with), from the tables that `source` names. caveat: how our setting differs from the paper's.
    """

    name: str
    title: str
    without: str
    with_: str
    paper: dict[str, tuple[float, float]]
    source: str
    caveat: str


ABLATIONS: tuple[Comparison, ...] = (
    Comparison(
        name="code_before_maths",
        title="code before maths, instead of general text before maths",
        without="general_math",
        with_="code_math",
        paper={"GSM8K": (19.1, 21.9), "MATH": (14.4, 15.3), "CMATH": (37.2, 39.7)},
        source=f"{PAPER}, Tables 6 and 7",
        caveat="The paper: 400B tokens of general text or code, then 150B of maths, 1.3B parameters.",
    ),
    Comparison(
        name="arxiv",
        title="arXiv in the mixture, instead of none",
        without="math",
        with_="math_arxiv",
        paper={"GSM8K": (2.9, 3.3), "MATH": (3.0, 3.4), "CMATH": (12.3, 7.4)},
        source=f"{PAPER}, Table 8",
        caveat="The paper continues a general 1.3B model on arXiv alone (ArXiv-RedPajama) and compares it with no "
        "continuation; here arXiv takes part of the mixture's budget.",
    ),
)

# Table 5, chain of thought: Instruct 7B and RL 7B.
INSTRUCT_TO_RL: dict[str, tuple[float, float]] = {
    "GSM8K": (82.9, 88.2),
    "MATH": (46.8, 51.7),
    "MGSM-zh": (73.2, 79.6),
    "CMATH": (84.6, 88.8),
}
INSTRUCT_TO_RL_SOURCE = f"{PAPER}, Table 5"
