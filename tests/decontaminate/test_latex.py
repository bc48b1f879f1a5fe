"""LaTeX sources lose what is no text and keep what is."""

from mathmill.decontaminate.latex import clean_latex, take_definitions

SOURCE = r"""\documentclass[10pt]{amsart}
\usepackage{amsmath} % a comment
\newcommand{\RR}{\mathbb{R}}
\DeclareMathOperator{\Hom}{Hom}
\def\norm#1{\left\|#1\right\|}
\begin{document}
\maketitle
% a whole line of comment \section{no}
\begin{abstract}
We show that 50\% of all maps $f\colon\RR\to\RR$ are odd. % trailing
\end{abstract}
\newcommand{\local}[2]{#1 and #2}
\section{Introduction}
Recall $\Hom(A, \RR)$ and $\norm{x}$~\cite{ref1}.
\bibliographystyle{plain}
\begin{thebibliography}{9}
\bibitem{ref1} A. Uthor, \emph{Title}.
\end{thebibliography}
\end{document}
leftover
"""


def test_a_paper() -> None:
    text = clean_latex(SOURCE)
    assert text.startswith(r"\begin{abstract}")
    assert r"50\% of all maps $f\colon\mathbb{R}\to\mathbb{R}$ are odd." in text
    assert r"$\operatorname{Hom}(A, \mathbb{R})$ and $\norm{x}$~\cite{ref1}." in text
    for gone in (
        "comment",
        "documentclass",
        "usepackage",
        "newcommand",
        r"\def",
        "bibitem",
        "Uthor",
        "maketitle",
        "leftover",
    ):
        assert gone not in text


def test_a_file_without_a_document() -> None:
    assert clean_latex("\\input{x}\n\\section{One}\nText.") == "\\section{One}\nText."
    assert clean_latex("Only text $x$.") == "Only text $x$."


def test_definitions_with_nested_braces() -> None:
    source, macros = take_definitions(r"a \newcommand{\x}{\frac{1}{\sqrt{2}}} b \def\y{z} c \newcommand{\w}[1]{[#1]} d")
    assert source == "a  b  c  d"
    assert macros == {r"\x": r"\frac{1}{\sqrt{2}}", r"\y": "z"}


def test_macros_end_where_their_name_ends() -> None:
    assert clean_latex(r"\newcommand{\R}{X}\Rightarrow \R") == r"\Rightarrow X"


def test_macros_that_use_each_other_do_not_run_away() -> None:
    assert len(clean_latex(r"\def\a{\b\b}\def\b{\a\a}" + r"\a " * 100)) < 100_000


def test_broken_sources() -> None:
    assert clean_latex(r"\newcommand{\x}{never closed") == r"\newcommand{\x}{never closed"
    assert clean_latex(r"\begin{document}cut off") == "cut off"
    assert clean_latex("") == ""
    assert clean_latex(r"50\% \\% comment") == r"50\% \\"
