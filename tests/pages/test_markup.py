"""Every kind of markup for formulas has its case: at least 80 of them, in the three tables beside this file."""

from . import test_markup_delimiters, test_markup_elements, test_markup_rendered


def test_there_are_enough_and_none_hides_another() -> None:
    tables = [module.CASES for module in (test_markup_rendered, test_markup_elements, test_markup_delimiters)]
    names = [name for table in tables for name in table]
    assert len(names) >= 80
    assert len(set(names)) == len(names)
