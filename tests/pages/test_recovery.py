"""Formulas of a small microworld come back: at least 98 in 100, at most 1 in 100 twice."""

import importlib.util
from pathlib import Path

from microworld.conftest import build_world, small_config


def test_formulas_come_back(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "formulas_benchmark", Path(__file__).parents[2] / "benchmarks" / "formulas.py"
    )
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    out = build_world(small_config(pages=200), tmp_path)
    report = benchmark.measure(out["crawl"].parent)
    assert report["formulas"] > 500
    assert report["recovered"] >= 0.98
    assert report["twice"] <= 0.01
