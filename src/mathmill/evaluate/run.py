"""Evaluate one model on every benchmark: completions, verdicts, baselines, bits per byte."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mathmill.evaluate.baselines import baselines
from mathmill.evaluate.config import EvaluateConfig
from mathmill.evaluate.generation import Decoding, complete
from mathmill.evaluate.grade import Graded, grade, summarise_greedy, summarise_samples
from mathmill.evaluate.likelihood import bits_per_byte, untrained_like
from mathmill.evaluate.outputs import examples, rounded, sample_rows
from mathmill.evaluate.programs import OUTPUT, Runner, program_of_thought, summarise, tool_integrated
from mathmill.evaluate.prompts import Prompter, is_chat
from mathmill.evaluate.readers import Item, read_benchmark, read_training
from mathmill.reward.sandbox.pool import Sandbox
from mathmill.rl.rollout import Completion
from mathmill.training.model import load, load_tokenizer, parameter_count
from mathmill.training.template import suffixes_of
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest

Progress = Callable[[int, str], AbstractContextManager[Any]]


@dataclass
class Subject:
    """The model under evaluation, loaded, with what its prompts and caches need."""

    name: str
    model: Any
    tokenizer: Any
    prompter: Prompter
    digest: str


@dataclass(frozen=True)
class Desk:
    """The subject with what its completions need: how they are drawn, where they are kept, who watches."""

    subject: Subject
    config: EvaluateConfig
    cache: Path
    batch_rows: int
    progress: Progress

    def complete(
        self, prompts: Sequence[str], stop: tuple[str, ...], label: str, n: int = 1, temperature: float = 0.0
    ) -> list[list[Completion]]:
        """Completions of every prompt, in order; greedy where the temperature is 0."""
        config = self.config
        top_p = config.samples.top_p if temperature else 1.0
        with self.progress(len(prompts), label) as bar:
            return complete(
                self.subject.model,
                self.subject.tokenizer,
                prompts,
                Decoding(n, temperature, top_p, config.max_new_tokens, config.seed, stop),
                cache=self.cache,
                model_digest=self.subject.digest,
                batch_rows=self.batch_rows,
                progress=bar.update,
            )


def load_subject(
    name: str, folder: Path, config: EvaluateConfig, training: Sequence[Item], device: torch.device
) -> Subject:
    """Load model and tokenizer of a Hugging Face folder in the configured type."""
    model: Any = load(folder)
    model = model.to(device=device, dtype=getattr(torch, config.dtype)).eval()
    tokenizer = load_tokenizer(folder)
    chat = is_chat(tokenizer, config.formats.get(name, "auto"))
    prompter = Prompter(chat, config.page, suffixes_of(tokenizer), training, config.seed)
    return Subject(name, model, tokenizer, prompter, digest(folder))


def evaluate(
    name: str,
    folder: Path,
    benchmarks: Sequence[Path],
    training_file: Path,
    config: EvaluateConfig,
    *,
    scratch: Path,
    device: torch.device,
    batch_rows: int,
    progress: Progress,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the report, the rows of the samples table) of one model."""
    sets = {path.stem: read_benchmark(path, config.reader, config.limit) for path in benchmarks}
    if len(sets) < len(benchmarks):
        raise UserError("evaluate.benchmark: two files have the same name; rename one of them")
    training = read_training(training_file)
    subject = load_subject(name, folder, config, training, device)
    report: dict[str, Any] = {
        "model": name,
        "format": "chat" if subject.prompter.chat else "page",
        "parameters": parameter_count(subject.model),
        "mode": config.verifier.mode,
        "confidence": config.confidence,
        "benchmarks": {},
    }
    rows: list[dict[str, Any]] = []
    desk = Desk(subject, config, scratch / "completions", batch_rows, progress)
    with Sandbox(config.sandbox) as sandbox:  # its workers start with the first program
        for benchmark, items in sets.items():
            result, graded = _evaluate_set(desk, items)
            result["baselines"] = baselines(items, training, config.confidence, config.verifier)
            result["programs"] = None
            report["benchmarks"][benchmark] = result
            rows.extend(sample_rows(benchmark, items, graded))
            for form in config.programs.formats:
                figures, verdicts = _evaluate_programs(desk, items, form, sandbox)
                result["programs"] = {**(result["programs"] or {}), form: figures}
                rows.extend(sample_rows(benchmark, items, [[verdict] for verdict in verdicts], form))
    return rounded(report), rows


def _evaluate_set(desk: Desk, items: Sequence[Item]) -> tuple[dict[str, Any], list[list[Graded]]]:
    """One benchmark: the figures, and for each problem its graded completions (greedy first)."""
    subject, config = desk.subject, desk.config

    def graded(chosen: Sequence[Item], n: int, temperature: float, label: str) -> list[list[Graded]]:
        prompts = [subject.prompter.prompt(item) for item in chosen]
        completions = desk.complete(prompts, subject.prompter.stop, label, n, temperature)
        return [
            [grade(item, one, config.verifier) for one in group]
            for item, group in zip(chosen, completions, strict=True)
        ]

    greedy = graded(items, 1, 0.0, f"{subject.name}: greedy")
    result: dict[str, Any] = {
        "items": len(items),
        "items_digest": items_digest(items),
        "greedy": summarise_greedy(items, [group[0] for group in greedy], config.confidence),
        "examples": examples(items, [group[0] for group in greedy], config.examples),
        "samples": None,
        "bits_per_byte": _likelihoods(subject, items, config),
    }
    if config.samples.n:
        chosen = items[: config.samples.items]
        sampled = graded(
            chosen, config.samples.n, config.samples.temperature, f"{subject.name}: {config.samples.n} samples"
        )
        result["samples"] = {
            "temperature": config.samples.temperature,
            "top_p": config.samples.top_p,
            **summarise_samples(sampled, config.verifier, config.confidence, config.seed),
        }
        greedy = [group + (sampled[i] if i < len(sampled) else []) for i, group in enumerate(greedy)]
    return result, greedy


def _evaluate_programs(
    desk: Desk, items: Sequence[Item], form: str, sandbox: Runner
) -> tuple[dict[str, Any], list[Graded]]:
    """One benchmark answered with programs: the figures of a form, and its verdicts."""
    prompter, config = desk.subject.prompter, desk.config
    stop = prompter.program_stop + ((OUTPUT,) if form == "tir" else ())

    def generate(prompts: Sequence[str]) -> list[Completion]:
        return [group[0] for group in desk.complete(prompts, stop, f"{desk.subject.name}: {form}")]

    prompts = [prompter.prompt(item, form) for item in items]
    opening = config.programs.opening.get(form, "")
    if form == "tir":
        traces = tool_integrated(prompts, generate, sandbox, config.programs, opening)
    else:
        traces = program_of_thought(prompts, generate, sandbox, opening)
    return summarise(form, items, traces, config.verifier, config.confidence)


def _likelihoods(subject: Subject, items: Sequence[Item], config: EvaluateConfig) -> dict[str, Any] | None:
    """Bits per byte of the reference solutions: given the question in the model's own format, and of whole pages."""
    # Spread over the benchmark, because its rows may stand in the order of their families.
    solved = [item for item in items if item.solution]
    count = min(config.likelihood.items, len(solved))
    if not count:
        return None
    chosen = [solved[i * len(solved) // count] for i in range(count)]
    prompter = subject.prompter
    pages = Prompter(False, config.page, {})
    given = [(prompter.prompt(item), prompter.continuation(item)) for item in chosen]
    whole = [("", pages.start(item) + pages.continuation(item)) for item in chosen]
    result = {
        "solution": bits_per_byte(subject.model, subject.tokenizer, given),
        "page": bits_per_byte(subject.model, subject.tokenizer, whole),
    }
    if config.likelihood.untrained:
        fresh = untrained_like(subject.model, config.seed)
        result["solution_untrained"] = bits_per_byte(fresh, subject.tokenizer, given)
        result["page_untrained"] = bits_per_byte(fresh, subject.tokenizer, whole)
    return result


def items_digest(items: Sequence[Item]) -> str:
    """Fingerprint of the problems and their order: outcomes of two models are paired only where it is equal."""
    hasher = hashlib.sha256()
    for item in items:
        hasher.update(f"{item.id}\0{item.question}\0{item.answer}\0".encode())
    return hasher.hexdigest()[:16]
