"""Evaluate one model on every benchmark: completions, verdicts, baselines, bits per byte."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mathmill.evaluate.baselines import baselines
from mathmill.evaluate.config import EvaluateConfig
from mathmill.evaluate.curves import summarise_samples
from mathmill.evaluate.generation import Decoding, complete
from mathmill.evaluate.grade import Graded, Judge, summarise_greedy
from mathmill.evaluate.item import Item
from mathmill.evaluate.likelihood import bits_per_byte, untrained_like
from mathmill.evaluate.outputs import examples, rounded, sample_rows
from mathmill.evaluate.programs import OUTPUT, Runner, program_of_thought, summarise, tool_integrated
from mathmill.evaluate.prompts import Prompter, is_chat
from mathmill.evaluate.proofs import proof_rows, summarise_proofs
from mathmill.evaluate.readers import read_training
from mathmill.evaluate.sources import Benchmark, Sets
from mathmill.evaluate.tasks import minif2f
from mathmill.reward.sandbox.pool import Sandbox
from mathmill.rl.rollout import Completion
from mathmill.training.model import cast, load, load_tokenizer, parameter_count
from mathmill.training.template import suffixes_of
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

    def at(self, benchmark: Benchmark) -> "Desk":
        """The same desk with the prompts of a benchmark."""
        prompter = replace(self.subject.prompter, task=benchmark.task if benchmark.shots else None)
        return replace(self, subject=replace(self.subject, prompter=prompter))

    def judge(self, benchmark: Benchmark) -> Judge:
        """Who grades a benchmark's answers."""
        config = self.config
        return Judge(config.verifier, benchmark.task, config.grading != "strict", self.subject.prompter.chat)

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
    model = cast(load(folder), device, getattr(torch, config.dtype)).eval()
    tokenizer = load_tokenizer(folder)
    chat = is_chat(tokenizer, config.formats.get(name, "auto"))
    prompter = Prompter(chat, config.page, suffixes_of(tokenizer), training, config.seed)
    return Subject(name, model, tokenizer, prompter, digest(folder))


def evaluate(
    name: str,
    folder: Path,
    sets: Sets,
    training_file: Path,
    config: EvaluateConfig,
    *,
    scratch: Path,
    device: torch.device,
    batch_rows: int,
    progress: Progress,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the report, the rows of the samples table) of one model."""
    training = read_training(training_file)
    subject = load_subject(name, folder, config, training, device)
    report: dict[str, Any] = {
        "model": name,
        "format": "chat" if subject.prompter.chat else "page",
        "parameters": parameter_count(subject.model),
        "mode": config.mode,
        "confidence": config.confidence,
        "benchmarks": {},
    }
    rows: list[dict[str, Any]] = []
    desk = Desk(subject, config, scratch / "completions", batch_rows, progress)
    with Sandbox(config.sandbox) as sandbox:  # its workers start with the first program
        for benchmark in sets.benchmarks:
            items = benchmark.items
            here = desk.at(benchmark)
            result, graded = _evaluate_set(here, benchmark)
            result["baselines"] = baselines(items, training, config.confidence, config.verifier)
            result["programs"] = None
            report["benchmarks"][benchmark.name] = result
            rows.extend(sample_rows(benchmark.name, items, graded))
            for form in filter(here.subject.prompter.asks, config.programs.formats):
                figures, verdicts = _evaluate_programs(here, benchmark, form, sandbox)
                result["programs"] = {**(result["programs"] or {}), form: figures}
                rows.extend(sample_rows(benchmark.name, items, [[verdict] for verdict in verdicts], form))
    for benchmark_name, statements in sets.proofs.items():
        completions = _prove(desk, statements, benchmark_name)
        figures = summarise_proofs(statements, completions, config.prover, config.confidence)
        report["proofs"] = {**report.get("proofs", {}), benchmark_name: figures}
        rows.extend(proof_rows(benchmark_name, statements, completions))
    return rounded(report), rows


def _evaluate_set(desk: Desk, benchmark: Benchmark) -> tuple[dict[str, Any], list[list[Graded]]]:
    """One benchmark: the figures, and for each problem its graded completions (greedy first)."""
    subject, config, items = desk.subject, desk.config, benchmark.items
    judge = desk.judge(benchmark)

    def graded(chosen: Sequence[Item], n: int, temperature: float, label: str) -> list[list[Graded]]:
        prompts = [subject.prompter.prompt(item) for item in chosen]
        completions = desk.complete(prompts, subject.prompter.stops(), label, n, temperature)
        return [[judge.grade(item, one) for one in group] for item, group in zip(chosen, completions, strict=True)]

    greedy = graded(items, 1, 0.0, f"{subject.name}: {benchmark.name}, greedy")
    result: dict[str, Any] = {
        "items": len(items),
        "items_digest": items_digest(items),
        "greedy": summarise_greedy(items, [group[0] for group in greedy], config.confidence),
        "examples": examples(items, [group[0] for group in greedy], config.examples),
        "samples": None,
        "bits_per_byte": _likelihoods(subject, items, config),
    }
    if benchmark.task is not None:
        result["task"] = _asked_how(subject, benchmark, config)
    samples = config.samples
    if samples.n and (samples.models is None or subject.name in samples.models):
        chosen = items[: samples.items]
        sampled = graded(
            chosen, samples.n, samples.temperature, f"{subject.name}: {benchmark.name}, {samples.n} samples"
        )
        result["samples"] = {
            "temperature": samples.temperature,
            "top_p": samples.top_p,
            **summarise_samples(sampled, config.verifier, config.confidence, config.seed, config.mode),
        }
        greedy = [group + (sampled[i] if i < len(sampled) else []) for i, group in enumerate(greedy)]
    return result, greedy


def _asked_how(subject: Subject, benchmark: Benchmark, config: EvaluateConfig) -> dict[str, Any]:
    """How a task was asked, and how many of its prompts leave no room for the longest answer in the model's context."""
    assert benchmark.task is not None
    prompter = subject.prompter
    shots = len(benchmark.task.shots["cot"].examples) if prompter.task and not prompter.chat else 0
    limit = int(getattr(subject.model.config, "max_position_embeddings", 1 << 30)) - config.max_new_tokens
    lengths = (len(subject.tokenizer(prompter.prompt(item))["input_ids"]) for item in benchmark.items)
    return {
        "name": benchmark.task.name,
        "shots": shots,
        "beyond_context": sum(length > limit for length in lengths),
        "complete": len(benchmark.items) == benchmark.task.count,
    }


def _evaluate_programs(
    desk: Desk, benchmark: Benchmark, form: str, sandbox: Runner
) -> tuple[dict[str, Any], list[Graded]]:
    """One benchmark answered with programs: the figures of a form, and its verdicts."""
    prompter, config, items = desk.subject.prompter, desk.config, benchmark.items
    stop = prompter.stops(form) + ((OUTPUT,) if form == "tir" else ())

    def generate(prompts: Sequence[str]) -> list[Completion]:
        label = f"{desk.subject.name}: {benchmark.name}, {form}"
        return [group[0] for group in desk.complete(prompts, stop, label)]

    prompts = [prompter.prompt(item, form) for item in items]
    opening = config.programs.opening.get(form, "")
    if form == "tir":
        traces = tool_integrated(prompts, generate, sandbox, config.programs, opening)
    else:
        program = prompter.task.shots[form].program if prompter.task and not prompter.chat else None
        traces = program_of_thought(prompts, generate, sandbox, opening, program)
    return summarise(form, items, traces, desk.judge(benchmark), config.confidence)


def _prove(desk: Desk, statements: Sequence[minif2f.Statement], name: str) -> list[Completion]:
    """One greedy proof of every statement, by the few-shot prompt for every kind of model, as in the paper."""
    prompts = [minif2f.prompt(statement) for statement in statements]
    return [group[0] for group in desk.complete(prompts, minif2f.STOP, f"{desk.subject.name}: {name}")]


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
