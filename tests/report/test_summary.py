import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mathmill.report.config import ReportConfig
from mathmill.report.facts import Fact, Sources
from mathmill.report.gather import gather
from mathmill.report.models import verdict
from mathmill.report.summary import summarise, to_text
from mathmill.workflow.files import write_json


def test_text_fits_a_terminal_and_says_what_matters(sources: Sources) -> None:
    summary = json.loads(json.dumps(summarise(gather(sources, ReportConfig(resamples=2000))), sort_keys=True))
    text = to_text(summary)
    assert text.index("\n  base") < text.index("\n  sft") < text.index("\n  grpo ")
    assert max(map(len, text.splitlines())) <= 100
    for word in ("round 4", "final", "random answer", "sft", "grpo minus sft, paired:", "code before maths", "make ui"):
        assert word in text
    assert "planted benchmark quotations cut out: 4 of 5; look-alike pages kept: 3 of 4" in text


def test_verdicts() -> None:
    up, down = Fact(0.05, "x", 0.01, 0.09), Fact(-0.05, "x", -0.09, -0.01)
    assert verdict(up, [1.0, 2.0]) == "the same direction"
    assert verdict(down, [-1.0]) == "the same direction"
    assert verdict(down, [1.0, 2.0]) == "the opposite direction"
    assert verdict(up, [1.0, -2.0]).startswith("up here")
    assert verdict(Fact(0.05, "x", -0.01, 0.09), [1.0]).startswith("not decided")


def test_command(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    command = [sys.executable, "-m", "mathmill.report.summary"]
    missing = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "make reproduce" in missing.stderr
    write_json(tmp_path / "reports/summary.json", summarise(gather(sources, ReportConfig(resamples=2000))))
    start = time.perf_counter()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "grpo minus sft" in done.stdout
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("old", [{}, {"corpus": {"rounds": []}}, {"corpus": None, "models": None}, [1]])
def test_an_old_summary_is_named_and_not_a_traceback(tmp_path: Path, old: object) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    write_json(tmp_path / "reports/summary.json", old)
    done = subprocess.run(
        [sys.executable, "-m", "mathmill.report.summary"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "dvc repro report" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, mathmill.report.summary;"
        "heavy = {'torch', 'matplotlib', 'pyarrow', 'mlflow', 'numpy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
