import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mathmill.report.build import build
from mathmill.report.config import ReportConfig
from mathmill.report.facts import Sources
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest, read_json, write_json
from mathmill.workflow.graph import node


def leaves(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if "value" in value else []
        return own + [leaf for entry in value.values() for leaf in leaves(entry)]
    return [leaf for entry in value for leaf in leaves(entry)] if isinstance(value, list) else []


def make(sources: Sources, out: Path, **changes: object) -> dict:
    return build(
        sources,
        ReportConfig(resamples=2000, **changes),
        index=out / "index.html",
        summary=out / "summary.json",
        figures=out / "figures",
        claims=out / "claims.json",
        scratch=out / "scratch",
    )


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    make(Sources(project, {label: project / path for label, path in node("report").inputs.items()}), out)
    return out


class Page(HTMLParser):
    """Checks nesting, collects ids, links and tables."""

    VOID = frozenset({"meta", "br", "img", "link", "hr", "input", "path", "use"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.cells: list[list[str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        self.links += [str(values[key]) for key in ("href", "src", "xlink:href") if values.get(key)]
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.cells and self.cells[-1] and {"td", "th"} & set(self.open):
            self.cells[-1][-1] += data


def test_page_is_whole_and_needs_no_network(built: Path) -> None:
    text = (built / "index.html").read_text()
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    outside = [link for link in page.links if not link.startswith(("#", "figures/", "http://127.0.0.1:5000/"))]
    assert outside == []
    assert all((built / link).is_file() for link in page.links if link.startswith("figures/"))
    assert set(re.findall(r'<a href="#(\w+)">', text)) <= set(page.ids)
    assert "<script" not in text
    assert "@import" not in text
    assert text.count("<figure>") >= 9
    assert "prefers-color-scheme: dark" in text


def test_text_of_pages_and_completions_is_escaped(built: Path) -> None:
    text = (built / "index.html").read_text()
    assert "for &lt;x&gt; &amp; more." in text
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in text
    assert "<b>&</b>" not in text


def test_numbers_stand_under_their_headers(built: Path) -> None:
    rows = Page((built / "index.html").read_text()).cells
    header = next(row for row in rows if row[:2] == ["round", "recall, %"])
    last = dict(zip(header, rows[rows.index(header) + 4], strict=True))
    assert last == {
        "round": "4",
        "recall, %": "100.0",
        "precision, %": "95.1",
        "pages": "84",
        "tokens": "8,400",
        "hosts": "9",
        "hosts flagged": "12",
        "new seed pages": "7",
        "tokens known before, %": "98.0",
        "held-out AUC, %": "83.3",
        "held-out precision, %": "66.7",
        "held-out recall, %": "66.7",
    }
    header = next(row for row in rows if "lenient, %" in row)
    models = {row[0]: row for row in rows[rows.index(header) + 1 :][:7]}
    assert set(models) >= {"base", "sft", "grpo"}
    assert models["base"][1].startswith("0.0")


def test_comparisons_over_seeds_and_reward_models_stand_there(built: Path) -> None:
    rows = Page((built / "index.html").read_text()).cells
    (arm,) = (row for row in rows if row and row[0] == "grpo: group relative")
    assert arm[1].replace("\xa0", " ") == "0.310 0.300 to 0.330"
    (pair,) = (row for row in rows if row and row[0] == "GRPO <instead> of RFT")
    assert pair[1:] == ["+0.110 +0.070\xa0to\xa0+0.150"]
    assert "A toy. With reward.labels=&lt;soft&gt;." in (built / "index.html").read_text()
    lines = (built / "figures/comparison_toy.csv").read_text().splitlines()
    assert lines[0] == "series,step,percent,low,high"
    assert lines[-1].startswith("grpo,90")
    (model,) = (row for row in rows if row and row[0] == "outcome, whole solutions")
    assert model[1] == "300"
    assert 0.5 < float(model[3].split()[0]) < 1


def test_every_number_of_the_summary_has_a_source(built: Path, project: Path) -> None:
    summary = read_json(built / "summary.json")
    assert len(leaves(summary)) > 60
    for leaf in leaves(summary):
        for part in leaf["source"].split(" + "):
            assert part.startswith("arXiv:2402.03300") or (project / part).exists(), part


def test_figures_in_three_forms(built: Path) -> None:
    stems = {path.stem for path in (built / "figures").iterdir()}
    assert {
        "corpus_quality",
        "accuracy",
        "ablations",
        "pretrain_loss",
        "rl_grpo_reward",
        "reward_outcome_calibration",
    } <= stems
    assert {f"corpus_round_{n}_{kind}" for n in (1, 2, 3, 4) for kind in ("scores", "calibration")} <= stems
    for stem in stems:
        for kind in ("svg", "png", "csv"):
            assert (built / "figures" / f"{stem}.{kind}").stat().st_size > 50
        svg = (built / "figures" / f"{stem}.svg").read_text()
        assert "<dc:date>" not in svg


def test_same_inputs_same_bytes(built: Path, project: Path, tmp_path: Path) -> None:
    make(Sources(project, {label: project / path for label, path in node("report").inputs.items()}), tmp_path)
    for name in ("index.html", "summary.json", "figures"):
        assert digest(tmp_path / name) == digest(built / name)


def test_what_was_not_run_is_said(project: Path, tmp_path: Path) -> None:
    paths = {label: project / path for label, path in node("report").inputs.items()}
    gone = {label: tmp_path / "gone" for label in paths if label.startswith(("rl/", "evaluate/", "truth"))}
    summary = make(Sources(project, {**paths, **gone}), tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert text.count('class="missing"') == 3
    assert "no ground truth says what each page is" in text
    assert "dvc repro rl" in text
    assert summary["models"] == []
    assert "evaluate/sft" in summary["missing"]


def test_other_problems_are_not_compared(project: Path, sources: Sources, tmp_path: Path) -> None:
    other = tmp_path / "grpo.json"
    report = read_json(project / "reports/evaluate/grpo.json")
    report["benchmarks"]["test"]["items_digest"] = "another"
    write_json(other, report)
    with pytest.raises(UserError, match="other problems"):
        make(Sources(project, {**sources.paths, "evaluate/grpo": other}), tmp_path)


def test_unknown_benchmark_is_named(sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="may be test"):
        make(sources, tmp_path, benchmark="gsm8k_test")


def test_the_only_benchmark_is_the_headline(project: Path, sources: Sources, tmp_path: Path) -> None:
    from mathmill.report.gather import only_benchmark

    assert only_benchmark(sources, ["sft", "grpo"]) == "test"
    report = read_json(project / "reports/evaluate/grpo.json")
    result = report["benchmarks"]["test"]
    for benchmarks, expected in (({"gsm8k": result, "test": result}, "test"), ({"gsm8k": result}, "gsm8k")):
        write_json(tmp_path / "one.json", {**report, "benchmarks": benchmarks})
        assert only_benchmark(Sources(project, {"evaluate/grpo": tmp_path / "one.json"}), ["grpo"]) == expected
    write_json(tmp_path / "one.json", {**report, "benchmarks": {"gsm8k": result, "cmath": result}})
    with pytest.raises(UserError, match="one of cmath, gsm8k"):
        only_benchmark(Sources(project, {"evaluate/grpo": tmp_path / "one.json"}), ["grpo"])


def test_a_broken_report_is_named(project: Path, sources: Sources, tmp_path: Path) -> None:
    broken = tmp_path / "sft.json"
    broken.write_text("{")
    with pytest.raises(UserError, match=r"sft\.json"):
        make(Sources(project, {**sources.paths, "sft": broken}), tmp_path)


def test_in_a_browser(built: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no chromium and chromedriver here (Debian: apt-get install chromium chromium-driver)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=390,1200"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    try:
        window.get((built / "index.html").as_uri())
        assert window.get_log("browser") == []
        drawn = window.execute_script(
            "return [...document.querySelectorAll('figure svg')].map(s => [s.getBoundingClientRect().width,"
            " s.querySelectorAll('path').length, s.querySelectorAll('text').length])"
        )
        assert len(drawn) >= 9
        assert all(width > 250 and paths > 3 and texts > 3 for width, paths, texts in drawn)
        # Nothing but the tables' own boxes scrolls sideways on a phone.
        wide = window.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
    finally:
        window.quit()
