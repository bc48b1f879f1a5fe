from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from mathmill.evaluate.config import EvaluateConfig, LikelihoodConfig, SamplesConfig
from mathmill.evaluate.outputs import SAMPLE, headline
from mathmill.evaluate.run import evaluate
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import write_json, write_jsonl, write_parquet

SETTINGS: dict[str, Any] = {"max_new_tokens": 24, "likelihood": LikelihoodConfig(items=10)}


class Bar:
    def __init__(self) -> None:
        self.count = 0

    def update(self, count: int = 1) -> None:
        self.count += count


BARS: list[Bar] = []


@contextmanager
def progress(total: int, label: str) -> Iterator[Bar]:
    bar = Bar()
    BARS.append(bar)
    yield bar
    assert bar.count == total, label


def run(name: str, folder: Path, benchmarks: list[Path], training: Path, scratch: Path, **changes: Any) -> Any:
    return evaluate(
        name,
        folder,
        benchmarks,
        training,
        EvaluateConfig(**{**SETTINGS, **changes}),
        scratch=scratch,
        device=torch.device("cpu"),
        batch_rows=64,
        progress=progress,
    )


def test_report_holds_what_a_reader_needs(
    chat_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path
) -> None:
    report, rows = run("sft", chat_model, [benchmark_file], training_file, tmp_path)
    assert (report["format"], report["mode"]) == ("chat", "strict")
    result = report["benchmarks"]["test"]
    greedy = result["greedy"]
    assert greedy["items"] == len(rows) == len(greedy["outcomes"]["strict"]) == 40
    strict = greedy["strict"]
    assert 0 <= strict["low"] <= strict["value"] <= strict["high"] <= 1
    assert strict["correct"] == greedy["outcomes"]["strict"].count("1") <= greedy["lenient"]["correct"]
    assert set(greedy["by_lang"]) == {"en", "zh"}
    assert sum(group["items"] for group in greedy["by_family"].values()) == 40
    assert result["samples"] is None
    assert 0 < result["bits_per_byte"]["solution"]["bits_per_byte"] < 20
    assert result["bits_per_byte"]["page_untrained"]["bytes"] == result["bits_per_byte"]["page"]["bytes"]
    assert set(headline(report)) >= {"test/accuracy", "test/accuracy_lenient", "test/by_lang/en", "test/truncated"}
    write_json(tmp_path / "report.json", report)
    write_parquet(tmp_path / "samples.parquet", rows, SAMPLE())


def test_base_models_continue_pages(
    page_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path
) -> None:
    report, _ = run("base", page_model, [benchmark_file], training_file, tmp_path)
    assert report["format"] == "page"
    report, _ = run("base", page_model, [benchmark_file], training_file, tmp_path, formats={"base": "chat"})
    assert report["format"] == "chat"


def test_same_inputs_same_report(chat_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path) -> None:
    first = run("sft", chat_model, [benchmark_file], training_file, tmp_path / "a", samples=SamplesConfig(n=2))
    again = run("sft", chat_model, [benchmark_file], training_file, tmp_path / "b", samples=SamplesConfig(n=2))
    assert first == again
    samples = first[0]["benchmarks"]["test"]["samples"]
    assert set(samples["pass_at"]) == {"1", "2"}
    assert len(first[1]) == 40 * 3


def test_a_killed_evaluation_goes_on_from_its_parts(
    chat_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mathmill.evaluate import generation

    monkeypatch.setattr(generation, "PART", 16)
    whole = run("sft", chat_model, [benchmark_file], training_file, tmp_path / "whole")
    real, calls = generation.sample, []

    def dies(*args: Any, **kwargs: Any) -> Any:
        calls.append(len(args[2]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    # complete() bound the sampler as its default, so the default is what must be replaced
    monkeypatch.setitem(generation.complete.__kwdefaults__, "sampler", dies)
    with pytest.raises(KeyboardInterrupt):
        run("sft", chat_model, [benchmark_file], training_file, tmp_path / "killed")
    resumed = run("sft", chat_model, [benchmark_file], training_file, tmp_path / "killed")
    assert calls == [16, 16, 8, 8]
    assert resumed == whole


def test_several_benchmarks(
    chat_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path, shared_data: Path
) -> None:
    files = [
        benchmark_file,
        shared_data / "benchmarks" / "gsm8k_test.jsonl",
        shared_data / "benchmarks" / "mgsm_zh.jsonl",
    ]
    report, _ = run("sft", chat_model, files, training_file, tmp_path, limit=8)
    assert list(report["benchmarks"]) == ["test", "gsm8k_test", "mgsm_zh"]
    assert report["benchmarks"]["mgsm_zh"]["bits_per_byte"] is None
    assert report["benchmarks"]["gsm8k_test"]["baselines"]["unknown_family"] == 8


def test_two_files_of_one_name_are_refused(chat_model: Path, training_file: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a" / "set.jsonl", tmp_path / "b" / "set.jsonl"]
    for file in files:
        write_jsonl(file, [{"question": "1+1?", "answer": "2"}])
    with pytest.raises(UserError, match="same name"):
        run("sft", chat_model, files, training_file, tmp_path)
