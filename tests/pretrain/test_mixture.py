import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.pretrain.mixture import Mixture
from mathmill.workflow.errors import UserError

PAPER = {"corpus": 0.56, "algebraic_stack": 0.04, "arxiv": 0.10, "code": 0.20, "general": 0.10}


def test_shares_of_the_paper_are_exact_in_every_block() -> None:
    mixture = Mixture(PAPER, seed=3)
    for block in (0, 1, 17, 10**6):
        found: dict[str, int] = {}
        for sample in range(block * 1000, (block + 1) * 1000):
            name, _ = mixture.place(sample)
            found[name] = found.get(name, 0) + 1
        assert found == {name: round(share * 1000) for name, share in PAPER.items()}


def test_any_window_is_close() -> None:
    mixture = Mixture(PAPER, seed=0)
    names = numpy.array([mixture.place(sample)[0] for sample in range(5000)])
    for start in range(0, 4000, 250):
        window = names[start : start + 500]
        for name, share in PAPER.items():
            assert abs((window == name).sum() - 500 * share) <= 3


@pytest.mark.parametrize("size", [1000, 2000, 5000])
def test_a_window_of_some_thousand_samples_is_exact(size: int) -> None:
    """Wherever it begins: to within three samples of each source, whole blocks to the sample."""
    mixture = Mixture(PAPER, seed=2)
    names = numpy.array([mixture.place(sample)[0] for sample in range(12_000)])
    for name, share in PAPER.items():
        dealt = numpy.concatenate([[0], numpy.cumsum(names == name)])
        found = dealt[size:] - dealt[:-size]
        assert abs(found - size * share).max() < 3.5
        assert set(found[::1000]) == {round(size * share)}


weights = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1), min_size=1)


@settings(max_examples=40, deadline=None)
@given(shares=weights, seed=st.integers(0, 5), first=st.integers(0, 5000))
def test_samples_of_a_source_are_numbered_without_gap(shares, seed, first) -> None:
    mixture = Mixture(shares, seed)
    before = mixture.counts(first)
    for sample in range(first, first + 300):
        name, number = mixture.place(sample)
        assert number == before[name]
        before[name] += 1
    assert before == mixture.counts(first + 300)


def test_rare_sources_are_dealt_too() -> None:
    mixture = Mixture({"often": 1.0, "rare": 1e-4}, seed=0)
    assert mixture.counts(10**6)["rare"] == pytest.approx(100, abs=1)


def test_a_share_that_no_block_can_hold_is_refused() -> None:
    with pytest.raises(UserError, match=r"share of rare is 1\.0e-12"):
        Mixture({"often": 1.0, "rare": 1e-12}, seed=0)


def test_computed_and_not_remembered() -> None:
    forward = Mixture(PAPER, seed=1)
    expected = [forward.place(sample) for sample in range(3000)]
    assert [Mixture(PAPER, seed=1).place(sample) for sample in (2999, 5, 1500)] == [
        expected[2999],
        expected[5],
        expected[1500],
    ]
    assert [Mixture(PAPER, seed=2).place(sample) for sample in range(3000)] != expected


def test_zero_weights() -> None:
    assert Mixture({"a": 1.0, "b": 0.0}, 0).names == ["a"]
    with pytest.raises(ValueError, match="positive"):
        Mixture({"a": 0.0}, 0)
