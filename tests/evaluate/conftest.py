"""A tiny model folder, and problems to put before it."""

import random
from pathlib import Path
from typing import Any

import pytest

from mathmill.workflow.files import write_jsonl


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # two threads on a busy machine are many times slower for models of this size


def problem_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    from mathmill.microworld.problems import families, make_problem

    rng = random.Random(seed)
    names = list(families())
    rows = []
    for number in range(count):
        problem = make_problem(names[number % len(names)], 1 + number % 3, "zh" if number % 4 == 3 else "en", rng)
        rows.append(
            {
                "id": f"item-{number:04d}",
                "family": problem.family,
                "difficulty": problem.difficulty,
                "lang": problem.lang,
                "question": problem.question,
                "solution": problem.solution,
                "answer": problem.answer,
            }
        )
    return rows


@pytest.fixture(scope="session")
def benchmark_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benchmarks") / "test.jsonl"
    write_jsonl(path, problem_rows(40))
    return path


@pytest.fixture(scope="session")
def training_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "instruct.jsonl"
    write_jsonl(path, problem_rows(120, seed=1))
    return path


def make_tokenizer(texts: list[str], chat: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    from mathmill.training.template import attach

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<bos>", "<eos>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 0)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")
    if chat:
        attach(tokenizer, {})
    return tokenizer


@pytest.fixture(scope="session")
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("models") / "sft", chat=True)


@pytest.fixture(scope="session")
def page_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("models") / "base", chat=False)


def _save(folder: Path, chat: bool) -> Path:
    from mathmill.training.config import ModelShape
    from mathmill.training.model import build, save

    tokenizer = make_tokenizer([row["question"] + row["solution"] for row in problem_rows(60)], chat)
    shape = ModelShape(hidden=32, layers=2, heads=2, kv_heads=2, ffn=64, context=256)
    save(build(shape, tokenizer), tokenizer, folder)
    return folder
