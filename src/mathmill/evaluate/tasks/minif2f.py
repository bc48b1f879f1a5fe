"""miniF2F: its statements, and the few-shot prompt: informal proof, then formal; six shots, seven in number theory.

Statements and proofs are our own. The proofs cite the informal steps in comments and leave the rest to `sledgehammer`,
which the paper's checker replaces by eleven tactics and then by the tool of that name (paper 8.1).
"""

from dataclasses import dataclass

from mathmill.evaluate.item import Row
from mathmill.workflow.errors import UserError

STOP = ("\nInformal:",)
# (informal statement, informal proof, formal statement, formal proof)
_EXAMPLES = (
    (
        "Let $x$ be a real number with $2x + 3 = 11$. Show that $x = 4$.",
        "Subtracting 3 gives $2x = 8$. Halving gives $x = 4$.",
        'theorem\n  fixes x :: real\n  assumes "2 * x + 3 = 11"\n  shows "x = 4"',
        'proof -\n  (* Subtracting 3 *)\n  have c0: "2 * x = 8" using assms sledgehammer\n'
        "  (* Halving *)\n  show ?thesis using c0 sledgehammer\nqed",
    ),
    (
        "Show that $a^2 + b^2 \\geq 2ab$ for all real $a$ and $b$.",
        "The square $(a-b)^2 = a^2 - 2ab + b^2$ is not negative.",
        'theorem\n  fixes a b :: real\n  shows "a^2 + b^2 \\<ge> 2 * a * b"',
        'proof -\n  (* The square is not negative *)\n  have c0: "(a - b)^2 \\<ge> 0" sledgehammer\n'
        '  have c1: "(a - b)^2 = a^2 - 2 * a * b + b^2" sledgehammer\n  show ?thesis using c0 c1 sledgehammer\nqed',
    ),
    (
        "Let $f(x) = 3x - 5$ for all real $x$. Find $f(f(4))$. Show that it is 16.",
        "We have $f(4) = 7$, and $f(7) = 16$.",
        'theorem\n  fixes f :: "real \\<Rightarrow> real"\n  assumes "\\<forall>x. f x = 3 * x - 5"\n'
        '  shows "f (f 4) = 16"',
        'proof -\n  have c0: "f 4 = 7" using assms sledgehammer\n  have c1: "f 7 = 16" using assms sledgehammer\n'
        "  show ?thesis using c0 c1 sledgehammer\nqed",
    ),
    (
        "Show that the sum of the first $n$ odd numbers is $n^2$.",
        "By induction: the sum of none is 0, and $n^2 + (2n + 1) = (n+1)^2$.",
        'theorem\n  fixes n :: nat\n  shows "(\\<Sum>k<n. 2 * k + 1) = n^2"',
        "proof (induction n)\n  case 0\n  then show ?case sledgehammer\nnext\n  case (Suc n)\n"
        "  (* the step *)\n  then show ?case sledgehammer\nqed",
    ),
    (
        "The numbers $x$ and $y$ are real with $x + y = 10$ and $x - y = 4$. Show that $xy = 21$.",
        "Adding gives $2x = 14$, so $x = 7$ and $y = 3$. Their product is 21.",
        'theorem\n  fixes x y :: real\n  assumes h0: "x + y = 10"\n    and h1: "x - y = 4"\n  shows "x * y = 21"',
        'proof -\n  have c0: "x = 7" using h0 h1 sledgehammer\n  have c1: "y = 3" using h0 c0 sledgehammer\n'
        "  show ?thesis using c0 c1 sledgehammer\nqed",
    ),
    (
        "Show that $\\sqrt{x} \\cdot \\sqrt{x} = x$ for every real $x \\geq 0$.",
        "This is the definition of the square root.",
        'theorem\n  fixes x :: real\n  assumes "x \\<ge> 0"\n  shows "sqrt x * sqrt x = x"',
        "proof -\n  show ?thesis using assms sledgehammer\nqed",
    ),
)
_NUMBER_THEORY = (
    "What is the remainder when $7^4$ is divided by 10? Show that it is 1.",
    "We have $7^2 = 49$, which leaves 9, and $9^2 = 81$ leaves 1.",
    'theorem\n  "(7^4) mod 10 = (1::nat)"',
    'proof -\n  have c0: "(7::nat)^4 = 2401" sledgehammer\n  show ?thesis using c0 sledgehammer\nqed',
)


@dataclass(frozen=True)
class Statement:
    """A theorem: its name, theory header (up to `begin`), formal and informal statement, informal proof."""

    name: str
    header: str
    formal: str
    informal: str
    proof: str


def read_statement(row: Row, where: str) -> Statement:
    """The statement of a row of miniF2F; UserError that names the row and the missing field."""
    fields = ("problem_name", "header", "formal_statement", "informal_statement", "informal_proof")
    missing = [name for name in fields if not isinstance(row.get(name), str) or not row[name].strip()]
    if missing:
        raise UserError(f"{where}: no {', no '.join(missing)}")
    return Statement(*(row[name].strip() for name in fields))


def theory(statement: Statement, completion: str) -> str:
    """The whole theory: header, statement, the model's proof up to where it goes on with another problem, `end`."""
    proof = completion.partition("Informal:")[0].strip()
    return f"{statement.header}\n\n{statement.formal}\n{proof}\n\nend\n"


def prompt(statement: Statement) -> str:
    """The few-shot prompt of a statement, up to its formal proof."""
    examples = (*_EXAMPLES, _NUMBER_THEORY) if "numbertheory" in statement.name else _EXAMPLES
    told = [f"{_asked(*example[:3])}\n{example[3]}" for example in examples]
    return "\n\n".join([*told, f"{_asked(statement.informal, statement.proof, statement.formal)}\n"])


def _asked(informal: str, proof: str, formal: str) -> str:
    return f"Informal:\n(*### Problem\n\n{informal}\n\n### Solution\n\n{proof} *)\n\nFormal:\n{formal}"
