from pathlib import Path

import pytest

from mathmill.report.facts import PAPER, Fact, Sources, check_sources
from mathmill.workflow.errors import UserError


def test_a_number_without_a_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no source"):
        Fact(0.5, "")
    with pytest.raises(UserError, match="no source"):
        check_sources(tmp_path, {"models": [{"value": 1}]})
    with pytest.raises(UserError, match=r"reports/none\.json"):
        check_sources(tmp_path, {"models": [{"value": 1, "source": "reports/none.json"}]})


def test_sources_may_be_two_files_or_the_paper(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("{}")
    check_sources(tmp_path, {"x": {"value": 1, "source": "a.json + b.json"}})
    check_sources(tmp_path, {"x": {"value": 1, "source": f"{PAPER}, Tables 6 and 7"}})
    with pytest.raises(UserError, match=r"c\.json"):
        check_sources(tmp_path, {"x": {"value": 1, "source": "a.json + c.json"}})


def test_sources_know_what_was_run(tmp_path: Path) -> None:
    (tmp_path / "sft.json").write_text("{}")
    sources = Sources(tmp_path, {"evaluate/base": tmp_path / "base.json", "evaluate/sft": tmp_path / "sft.json"})
    assert sources.items("evaluate") == ["sft"]
    assert sources.name("evaluate/sft") == "sft.json"
    with pytest.raises(UserError, match="dvc repro"):
        sources.path("evaluate/base")
