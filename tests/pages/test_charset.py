"""Text of every charset comes back without mojibake, from the header, the meta tag, or the bytes alone."""

import pytest

from mathmill.pages.charset import decode

ZH = "数学是研究数量、结构、变化以及空间等概念的一门学科。解方程：请问小明一共有多少个苹果？" * 3
TW = "數學是研究數量、結構、變化以及空間等概念的一門學科。請問小明一共有多少個蘋果？" * 3
KO = "수학은 수, 양, 구조, 공간, 변화 등의 개념을 다루는 학문이다. 방정식을 풀어라." * 3
JA = "数学は、数・量・図形などに関する学問であり、理学の一種である。方程式を解きなさい。" * 3
RU = "Математика — наука об отношениях между объектами. Решите уравнение и найдите корни." * 3
DE = "Größe, Länge und Fläche: Übung für Schüler. Die Lösung heißt schön." * 3

CASES = [
    (ZH, "gb18030"), (ZH, "gb2312"), (ZH, "gbk"), (ZH, "utf-8"), (TW, "big5"), (KO, "euc-kr"), (JA, "shift_jis"),
    (JA, "euc-jp"), (RU, "windows-1251"), (RU.replace("—", "-"), "koi8-r"), (DE, "iso-8859-1"), (DE, "windows-1252"),
    (DE, "utf-8"), (ZH, "utf-16"),
]  # fmt: skip


def html(text: str, meta: str | None = None) -> str:
    tag = f'<meta charset="{meta}">' if meta else ""
    return f"<html><head>{tag}<title>t</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(("text", "charset"), CASES)
def test_by_header(text: str, charset: str) -> None:
    found = decode(html(text).encode(charset), charset)
    assert found is not None
    assert found[0] == html(text)


@pytest.mark.parametrize(("text", "charset"), [case for case in CASES if case[1] != "utf-16"])
def test_by_meta(text: str, charset: str) -> None:
    found = decode(html(text, charset).encode(charset), None)
    assert found is not None
    assert found[0] == html(text, charset)


@pytest.mark.parametrize(
    ("text", "charset"), [(ZH, "gb18030"), (TW, "big5"), (KO, "euc-kr"), (JA, "shift_jis"), (RU, "windows-1251")]
)
def test_undeclared(text: str, charset: str) -> None:
    found = decode(html(text).encode(charset), None)
    assert found is not None
    assert text in found[0]


def test_utf8_wins_over_a_stale_declaration() -> None:
    found = decode(html(ZH, "iso-8859-1").encode("utf-8"), "windows-1252")
    assert found == (html(ZH, "iso-8859-1"), "utf-8")


def test_a_wrong_header_gives_way_to_the_meta_tag() -> None:
    found = decode(html(KO, "euc-kr").encode("euc-kr"), "utf-8")
    assert found is not None
    assert KO in found[0]


def test_gb2312_means_its_superset() -> None:
    """A character outside GB2312 on a page that calls itself gb2312, as browsers read it."""
    found = decode(html("朱镕基" + ZH, "gb2312").encode("gb18030"), None)
    assert found is not None
    assert "朱镕基" in found[0]


def test_one_damaged_byte_does_not_cost_the_page() -> None:
    body = html(ZH * 10).encode("utf-8")
    found = decode(body[:200] + b"\xff" + body[200:], "utf-8")
    assert found is not None
    assert found[1] == "utf-8"
    assert ZH in found[0]


def test_unknown_labels_are_passed_over() -> None:
    assert decode(html(RU).encode("windows-1251"), "no-such-charset") is not None
    assert decode(b"plain", "unknown-8bit") == ("plain", "utf-8")
