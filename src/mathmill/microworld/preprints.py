"""LaTeX sources of preprints: formal prose, theorems and proofs, macros and bibliography, no worked arithmetic."""

import random

from mathmill.microworld.grammar import Grammar, load


def _environment(name: str, body: str, label: str = "") -> str:
    mark = f"\\label{{{label}}}" if label else ""
    return f"\\begin{{{name}}}{mark}\n{body}\n\\end{{{name}}}"


def _section(grammar: Grammar, rng: random.Random, number: int) -> str:
    label = {0: "sec:pre", 1: "sec:proof"}.get(number, f"sec:{number}")
    parts = [f"\\section{{{grammar.expand('section', rng)}}}\\label{{{label}}}"]
    parts.append(" ".join(grammar.sample("intro", rng.randint(1, 3), rng)))
    for block in range(rng.randint(2, 4)):
        kind = rng.choice(["theorem", "lemma", "proposition", "definition", "remark", "corollary"])
        rule = kind if kind in ("definition", "remark") else "statement"
        name = "thm:main" if number == 1 and block == 0 else f"{kind[:3]}:{rng.randint(1, 4)}"
        parts.append(_environment(kind, grammar.expand(rule, rng), name))
        if rule == "statement":
            steps = grammar.sample("proof", rng.randint(3, 6), rng)
            middle = _environment("equation", grammar.expand("equation", rng) + ".", f"eq:{rng.randint(1, 4)}")
            cut = rng.randint(1, len(steps))
            parts.append(_environment("proof", "\n".join([" ".join(steps[:cut]), middle, " ".join(steps[cut:])])))
        if rng.random() < 0.3:
            parts.append(f"% {grammar.expand('thanks', rng)}")
    return "\n\n".join(parts)


def preprint(rng: random.Random) -> str:
    """One LaTeX file."""
    grammar = load("math/arxiv")
    macros = sorted({grammar.expand("macro", rng) for _ in range(rng.randint(2, 6))})
    authors = " \\and ".join(grammar.expand("author", rng) for _ in range(rng.randint(1, 3)))
    shapes = "\n".join(
        f"\\newtheorem{{{name}}}{{{name.capitalize()}}}" for name in ("theorem", "lemma", "proposition", "corollary")
    )
    head = [
        f"\\documentclass[{rng.choice(['10pt', '11pt', '12pt'])}]{{amsart}}",
        "\\usepackage{amsmath,amssymb,amsthm}\n\\usepackage[utf8]{inputenc}\n\\usepackage{hyperref}",
        shapes,
        "\n".join(macros),
        f"\\title{{{grammar.expand('title', rng)}}}\n\\author{{{authors}}}\n\\date{{}}",
        "\\begin{document}",
        _environment("abstract", " ".join(grammar.sample("abstract", rng.randint(2, 4), rng))),
        "\\maketitle",
        "\\section{Introduction}\n" + " ".join(grammar.sample("intro", rng.randint(4, 7), rng)),
    ]
    sections = [_section(grammar, rng, number) for number in range(rng.randint(2, 4))]
    items = [f"\\bibitem{{ref{number}}} {grammar.expand('bib', rng)}" for number in range(1, rng.randint(6, 10))]
    tail = [
        f"\\subsection*{{Acknowledgements}} {grammar.expand('thanks', rng)}",
        "\\begin{thebibliography}{99}\n" + "\n".join(items) + "\n\\end{thebibliography}",
        "\\end{document}\n",
    ]
    return "\n\n".join([*head, *sections, *tail])
