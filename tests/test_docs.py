"""The documentation's site: a menu of pages that are there, nothing from elsewhere, built without a warning."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def pages(nav: Any) -> list[str]:
    """The files of a menu, however deep."""
    if isinstance(nav, str):
        return [nav]
    return [page for entry in (nav.values() if isinstance(nav, dict) else nav) for page in pages(entry)]


def test_every_page_of_the_menu_is_there_once() -> None:
    listed = pages(CONFIG["nav"])
    assert len(listed) == len(set(listed))
    assert [page for page in listed if not (ROOT / "docs" / page).is_file()] == []
    assert "index.md" in listed


def test_the_theme_fetches_nothing() -> None:
    assert CONFIG["theme"]["font"] is False
    assert "extra_javascript" not in CONFIG
    assert "extra_css" not in CONFIG


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    mkdocs = shutil.which("mkdocs")
    if mkdocs is None:
        pytest.skip("mkdocs is not installed (extra docs); CI runs `make docs`")
    done = subprocess.run(
        [mkdocs, "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:<script[^>]*src|<link[^>]*rel=.stylesheet.[^>]*href)=.https?:", page) == []
