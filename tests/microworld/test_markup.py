"""Formulas: the tree, MathML, plain text, and every markup family."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathmill.microworld.formula import parse_tex
from mathmill.microworld.markup import FAMILIES, write_formula
from mathmill.microworld.mathml import mathml, program_text, sup_sub_html, unicode_text

TEX = r"\frac{1}{2} + x^{2} \times \sqrt{16} \le a_{1}"


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"12 \times 7 = 84", "12 × 7 = 84"),
        (r"12\times7=84", "12 × 7 = 84"),
        (r"\frac{3}{4} + \frac{1}{2}", "3/4 + 1/2"),
        (r"x^{2} - y_{1}", "x² − y₁"),
        (r"\frac{a + b}{2}", "(a + b)/2"),
        (r"-3 + 5", "−3 + 5"),
        (r"\boxed{84}", "84"),
        (r"\text{lcm}(a, b)", "lcm (a, b)"),
        (r"3:4", "3:4"),
    ],
)
def test_unicode_text(tex: str, expected: str) -> None:
    assert unicode_text(parse_tex(tex)) == expected


def test_program_text_uses_keyboard_signs() -> None:
    assert program_text(parse_tex(r"12 \times 7 \div x^{2}")) == "12 * 7 / x^2"


def test_sup_sub_html_escapes_relations() -> None:
    assert sup_sub_html(parse_tex(r"x^{2} \lt 3")) == "<i>x</i><sup>2</sup> &lt; 3"


def test_mathml_of_a_fraction() -> None:
    assert mathml(parse_tex(r"\frac{1}{x}")) == "<mfrac><mn>1</mn><mi>x</mi></mfrac>"
    assert mathml(parse_tex(r"x^{2}"), "mml:") == "<mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup>"


def test_an_unknown_command_is_named() -> None:
    with pytest.raises(ValueError, match="unknowncommand"):
        parse_tex(r"\unknowncommand{1}")


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("display", [False, True])
def test_every_family_writes_balanced_html(family: str, display: bool) -> None:
    html = write_formula(family, TEX, display)
    opened = re.findall(r"<([a-z][a-z0-9:-]*)(?:\s[^<>]*?)?(?<!/)>", html)
    closed = re.findall(r"</([a-z][a-z0-9:-]*)>", html)
    void = {"img"}
    assert sorted(name for name in opened if name not in void) == sorted(closed)


SOURCED = """mathml_annotated wikipedia old_wiki_image wordpress_image zhihu_image mathjax2_script katex parens dollars
container latexml forum_tag data_attribute mathjax_svg"""


@pytest.mark.parametrize("family", SOURCED.split())
def test_families_with_source_hold_the_tex(family: str) -> None:
    assert TEX in unescape(write_formula(family, TEX))


@given(st.integers(0, 9999), st.integers(1, 9999), st.sampled_from([r"\times", "+", "-", r"\div"]))
def test_numbers_survive_every_family(first: int, second: int, sign: str) -> None:
    tex = f"{first} {sign} {second}"
    for family in FAMILIES:
        text = re.sub(r"mjx-c([0-9A-F]+)", lambda found: chr(int(found.group(1), 16)), write_formula(family, tex))
        assert str(first) in text
        assert str(second) in text
