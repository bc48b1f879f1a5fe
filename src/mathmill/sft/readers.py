"""Solved questions from files: our own rows, or GSM8K's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathmill.sft.config import FIELDS
from mathmill.training.template import FORMATS, language_of
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import numbered_jsonl, read_parquet

_CALCULATOR = re.compile(r"<<[^<>]*>>")


@dataclass(frozen=True)
class Example:
    """A question and the solution to be learned. lang: en or zh; format: cot, pot or tir."""

    id: str
    question: str
    solution: str
    lang: str = "en"
    format: str = "cot"


def read_examples(
    paths: Sequence[Path], reader: str = "auto", fields: Mapping[str, str] | None = None
) -> list[Example]:
    """The examples of JSON lines and parquet files (.parquet), in order.

    reader: `problems` (question, solution; id, lang and format where there are any), `gsm8k` (question, answer with
    calculator notes and `#### result`), or `auto`. fields: our name -> the file's. Raises UserError with file and line
    for a row that lacks a field or holds no text in it, and for a file without rows.
    """
    names = {own: (fields or {}).get(own, own) for own in FIELDS}
    found = []
    for path in paths:
        rows = _numbered(path)
        for number, row in rows:
            kind = _kind(row, names) if reader == "auto" else reader
            where = f"{path}, {'row' if _is_parquet(path) else 'line'} {number}"
            found.append(_READERS[kind](row, names, where, str(number)))
        if not rows:
            raise UserError(f"{path}: no rows in it")
    return found


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def _numbered(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Rows with the numbers of their lines; empty lines count too."""
    return list(enumerate(read_parquet(path).to_pylist(), start=1)) if _is_parquet(path) else numbered_jsonl(path)


def _kind(row: dict[str, Any], names: Mapping[str, str]) -> str:
    has_solution = names["solution"] in row
    return "gsm8k" if not has_solution and "####" in str(row.get(names["answer"], "")) else "problems"


def _text(row: dict[str, Any], names: Mapping[str, str], own: str, where: str) -> str:
    """The text of a field; UserError that names file, line, field and the fields that there are."""
    name = names[own]
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        problem = f"no field {name!r}" if name not in row else f"field {name!r} holds no text"
        mend = f"map it with +sft.fields.{own}=NAME" if name not in row else "mend or drop the row"
        raise UserError(f"{where}: {problem} (the row has {', '.join(sorted(row)) or 'none'}); {mend}")
    return value


def _problem(row: dict[str, Any], names: Mapping[str, str], where: str, number: str) -> Example:
    question = _text(row, names, "question", where)
    solution = _text(row, names, "solution", where)
    form = str(row.get(names["format"]) or "cot")
    if form not in FORMATS:
        raise UserError(f"{where}: format {form!r} is none of {', '.join(FORMATS)}")
    lang = str(row.get(names["lang"]) or language_of(question))
    return Example(str(row.get(names["id"], number)), question, solution, lang, form)


def _gsm8k(row: dict[str, Any], names: Mapping[str, str], where: str, number: str) -> Example:
    """GSM8K: the notes <<2+3=5>> are dropped, the result after #### becomes a boxed answer as in all our solutions."""
    question = _text(row, names, "question", where)
    solution, mark, answer = _text(row, names, "answer", where).rpartition("####")
    if not mark or not answer.strip():
        raise UserError(f"{where}: field {names['answer']!r} has no `#### result` at its end; sft.reader=problems?")
    plain = _CALCULATOR.sub("", solution).strip()
    lang = str(row.get(names["lang"]) or language_of(question))
    return Example(
        str(row.get(names["id"], number)),
        question.strip(),
        f"{plain} The answer is \\boxed{{{answer.strip()}}}.",
        lang,
    )


_READERS = {"problems": _problem, "gsm8k": _gsm8k}
