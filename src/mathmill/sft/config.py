"""Configuration of stage `sft`: instruction tuning (paper 3)."""

from dataclasses import dataclass

from mathmill.training.config import OptimConfig
from mathmill.workflow.option import option

FIELDS = ("id", "question", "solution", "answer", "lang", "format")


@dataclass
class SftConfig:
    """Section `sft` of the configuration."""

    seed: int = option(0, "seed of the order of examples", ge=0)
    checkpoint: str | None = option(None, "Hugging Face folder to start from; null: models/pretrain/base")
    instruct: list[str] | None = option(
        None, "files of solved questions (JSON lines or parquet); null: the cleaned instruction set"
    )
    reader: str = option(
        "auto", "form of the rows; auto knows it by their fields", choices=["auto", "problems", "gsm8k"]
    )
    fields: dict[str, str] = option(
        dict, "our name -> the name in the file, of id, question, solution, answer, lang, format; absent: the same"
    )
    formats: list[str] = option(
        lambda: ["cot", "pot", "tir"],
        "forms of solution that are trained on: text, program, text with programs",
        choices=["cot", "pot", "tir"],
    )
    languages: list[str] | None = option(None, "languages that are trained on; null: all")
    suffixes: dict[str, str] = option(
        dict,
        "form_language (cot_en, tir_zh ...) -> text after the question; kept in the tokenizer for later stages; "
        "the paper gives those of cot and tir and is silent on pot",
    )
    optim: OptimConfig = option(OptimConfig, "AdamW (the paper is silent on it) at a constant rate (paper 3: 5e-5)")
    batch: int = option(16, "packed sequences in one step; the paper says 256 and not of what", ge=1)
    context: int = option(256, "tokens in one sequence; examples are concatenated at random up to it (paper 3)", ge=8)
    isolate: bool = option(
        True, "keep attention inside an example and reset positions at its start; the paper is silent"
    )
    epochs: float = option(2.0, "passes over the examples, where steps is null", gt=0)
    steps: int | None = option(None, "optimiser steps (paper 3: 500); null: by epochs", ge=1)
    tool_output: bool = option(
        False,
        "whether the output of a program inside a tir solution is a target: a model should not learn to invent it",
    )
    validation: float = option(
        0.02, "share of the examples, by hash of the question, kept for validation loss", ge=0, lt=1
    )

    def faults(self) -> dict[str, str]:
        """Names of fields that nothing reads."""
        unknown = sorted(set(self.fields) - set(FIELDS))
        return {"fields": f"no field {', '.join(unknown)}; there are {', '.join(FIELDS)}"} if unknown else {}
