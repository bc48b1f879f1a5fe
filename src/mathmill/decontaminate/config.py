"""Configuration of stage `decontaminate`: which grams and which benchmarks remove a training text (paper 2.1)."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class DecontaminateConfig:
    """Section `decontaminate` of the configuration."""

    text: list[str] | None = option(
        None,
        "parquet or JSON lines files (column `text`), folders of them, or folders of text files: the training texts "
        "beside the corpus, each source named after its file or folder; null: the microworld's",
    )
    instruct: list[str] | None = option(None, "JSON lines files of instruction examples; null: the microworld's")
    questions: list[str] | None = option(
        None, "JSON lines files of questions for reinforcement learning; null: the microworld's"
    )
    benchmarks: list[str] | None = option(
        None, "JSON lines files of benchmarks, or folders of them; null: the microworld's"
    )
    fields: list[str] = option(
        lambda: ["question", "problem", "messages", "informal_statement", "formal_statement", "answer", "golden"],
        "fields of a benchmark item that must not stand in training texts (paper: questions or answers; where a set "
        "keeps worked solutions apart, as `solution`, the paper is silent on them)",
    )
    gram: int = option(10, "rule A: a segment with a gram of this many tokens of a benchmark goes; paper: 10", ge=2)
    shortest: int = option(3, "rule B: a benchmark text of fewer tokens than this has no rule; paper: 3", ge=1)
    commands: str = option(
        "drop",
        "TeX commands: drop (a formula has the same tokens in every markup) or keep; the paper is silent",
        choices=["drop", "keep"],
    )
    common: int = option(
        10,
        "a gram of more than this many items is the benchmark's own phrase, no sign of a copy, and does not count; "
        "the paper is silent",
        ge=1,
    )
    ignored: dict[str, str] = option(
        dict,
        "phrase -> why it does not count: a gram that lies in one of these phrases removes nothing and is listed with "
        "its reason; the paper is silent",
    )
    granularity: dict[str, str] = option(
        lambda: {"default": "segment"},
        "source -> what a hit removes: the segment (a line of the text) or the whole document; `default`: all others. "
        "The paper says segments, and speaks of pages around it; an instruction example always goes as a whole",
        choices=["segment", "document"],
    )
    min_chars: int = option(50, "a text of which less than this is left goes as a whole; the paper is silent", ge=0)
    latex: list[str] = option(
        lambda: ["arxiv"], "sources of LaTeX, cleaned of preamble, comments, macros and bibliography (paper 5.1.2)"
    )
    code: list[str] = option(
        lambda: ["code", "algebraic_stack"], "sources of programs, filtered by licence and by the length of lines"
    )
    licences: list[str] = option(
        lambda: ["mit", "bsd", "0bsd", "apache", "isc", "bsl-1.0", "zlib", "psf", "unlicense", "cc0"],
        "licences (beginnings of SPDX names) under which a program file is taken; one whose header names another is "
        "left out. The paper is silent",
    )
    unlicensed: str = option(
        "keep",
        "program files without a licence in their header or at the top of their tree; the paper is silent",
        choices=["keep", "drop"],
    )
    longest_line: int = option(1000, "program files with a longer line are left out; DeepSeek-Coder: 1000", ge=1)
    mean_line: int = option(100, "program files with longer lines on average are left out; DeepSeek-Coder: 100", ge=1)
