from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from mathmill.evaluate.config import EvaluateConfig, LikelihoodConfig, SamplesConfig
from mathmill.evaluate.outputs import SAMPLE, headline
from mathmill.evaluate.run import evaluate
from mathmill.evaluate.sources import read_sets
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


def run(
    name: str,
    folder: Path,
    benchmarks: list[Path],
    training: Path,
    scratch: Path,
    tasks: dict[str, Path] | None = None,
    **changes: Any,
) -> Any:
    config = EvaluateConfig(**{**SETTINGS, **changes})
    return evaluate(
        name,
        folder,
        read_sets(benchmarks, tasks or {}, config),
        training,
        config,
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

    monkeypatch.setattr(generation, "sample", dies)
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


def write_tasks(folder: Path) -> dict[str, Path]:
    rows = {
        "gsm8k": {"question": "What is 1 + 1?", "answer": "1+1=2\n#### 2"},
        "sat": {"question": "Which is 2?", "options": "A) 1 B) 2 C) 3 D) 4", "Answer": "B"},
        "cmath": {"question": "1+1=?", "golden": "2", "grade": 1},
        "minif2f_test": {
            "problem_name": "mathd_numbertheory_1",
            "formal_statement": 'theorem mathd_numbertheory_1: "1 + 1 = (2::nat)"',
            "informal_statement": "What is 1 + 1? Show that it is 2.",
            "informal_proof": "Count.",
            "header": "theory mathd_numbertheory_1 imports Complex_Main\nbegin",
        },
    }
    for name, row in rows.items():
        write_jsonl(folder / f"{name}.jsonl", [row])
    return {name: folder / f"{name}.jsonl" for name in rows}


def test_tasks_of_both_kinds_of_model(
    chat_model: Path, page_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path
) -> None:
    """Tuned models answer without shots, others by the task's; the user's own set is asked as before."""
    tasks = write_tasks(tmp_path)
    plain, _ = run("sft", chat_model, [benchmark_file], training_file, tmp_path / "0", limit=4)
    for name, folder, shots in (("sft", chat_model, 0), ("base", page_model, 8)):
        report, rows = run(
            name, folder, [benchmark_file], training_file, tmp_path / name, tasks, limit=4, grading="official"
        )
        assert list(report["benchmarks"]) == ["test", "gsm8k", "sat", "cmath"]
        assert report["benchmarks"]["gsm8k"]["task"]["shots"] == shots
        assert report["benchmarks"]["gsm8k"]["task"]["beyond_context"] == (shots > 0)
        assert report["mode"] == "official"
        for result in report["benchmarks"].values():
            assert set(result["greedy"]["outcomes"]) == {"strict", "lenient", "official"}
        assert report["proofs"]["minif2f_test"]["status"] == "not checked"
        assert report["proofs"]["minif2f_test"]["proved"] is None
        assert "test/accuracy_official" in headline(report)
        assert rows[-1]["form"] == "isabelle"
        write_parquet(tmp_path / f"{name}.parquet", rows, SAMPLE())
        if name == "sft":
            test = report["benchmarks"]["test"]["greedy"]
            assert {k: test[k] for k in ("strict", "lenient")} == {
                k: plain["benchmarks"]["test"]["greedy"][k] for k in ("strict", "lenient")
            }


def test_a_task_by_the_wrong_name_is_refused(chat_model: Path, training_file: Path, tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path)
    with pytest.raises(UserError, match="of the form of cmath"):
        run("sft", chat_model, [], training_file, tmp_path, {"gsm8k": tasks["cmath"]})
    with pytest.raises(UserError, match="line 1: no problem_name"):
        run("sft", chat_model, [], training_file, tmp_path, {"minif2f_valid": tasks["cmath"]})


def test_only_the_models_that_are_named_are_sampled(
    chat_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path
) -> None:
    samples = SamplesConfig(n=2, models=["grpo"])
    report, _ = run("sft", chat_model, [benchmark_file], training_file, tmp_path, limit=4, samples=samples)
    assert report["benchmarks"]["test"]["samples"] is None
    samples = SamplesConfig(n=2, models=["sft"])
    report, _ = run("sft", chat_model, [benchmark_file], training_file, tmp_path, limit=4, samples=samples)
    found = report["benchmarks"]["test"]["samples"]["per_problem"]
    assert len(found["correct"]) == len(found["maj_at"]["2"]) == 4


def test_a_kill_loses_at_most_a_batch_and_nothing_is_made_twice(
    chat_model: Path, benchmark_file: Path, training_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mathmill.evaluate import generation

    real, calls = generation.sample, []

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(len(args[2]) * kwargs["n"])
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(generation, "sample", counted)
    monkeypatch.setattr(generation, "_SAMPLED", 32)
    settings = {"samples": SamplesConfig(n=4), "max_new_tokens": 8}
    with pytest.raises(KeyboardInterrupt):
        run("sft", chat_model, [benchmark_file], training_file, tmp_path, **settings)
    assert calls == [40, 32, 32, 32]
    resumed = run("sft", chat_model, [benchmark_file], training_file, tmp_path, **settings)
    assert calls[4:] == [32, 32, 32]  # what was finished is read
    again = run("sft", chat_model, [benchmark_file], training_file, tmp_path, **settings)
    assert len(calls) == 7
    assert again == resumed
