from hypothesis import given, settings
from hypothesis import strategies as st

from mathmill.sft.packing import Packed, pack, segments

some_lengths = st.lists(st.integers(1, 50), min_size=1, max_size=80)


@settings(max_examples=80, deadline=None)
@given(lengths=some_lengths, seed=st.integers(0, 3))
def test_every_example_once_in_a_pass_and_no_sequence_too_long(lengths, seed) -> None:
    packed = Packed(lengths, 50, seed)
    first, both = packed.count(1), packed.count(2)
    for rows in ([packed.sequence(n) for n in range(first)], [packed.sequence(n) for n in range(first, both)]):
        assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
        assert all(sum(lengths[index] for index in row) <= 50 for row in rows)


@settings(max_examples=30, deadline=None)
@given(lengths=some_lengths)
def test_computed_and_not_remembered(lengths) -> None:
    walked = Packed(lengths, 50, 1)
    stream = [walked.sequence(n) for n in range(30)]
    assert [Packed(lengths, 50, 1).sequence(n) for n in (29, 3, 17)] == [stream[29], stream[3], stream[17]]


def test_passes_differ_and_seeds_differ() -> None:
    packed = Packed([10] * 40, 50, 0)
    assert packed.count(1) == 8
    passes = [[packed.sequence(n) for n in range(8 * e, 8 * e + 8)] for e in range(2)]
    assert passes[0] != passes[1]
    assert passes[0] != [Packed([10] * 40, 50, 1).sequence(n) for n in range(8)]
    assert packed.count(1.5) == 12
    assert packed.count(0.01) == 1


def test_sequences_are_well_filled() -> None:
    lengths = [20 + (7 * i) % 60 for i in range(500)]
    rows = pack(lengths, range(500), 256)
    assert sum(lengths) / (256 * len(rows)) > 0.93


def test_segments() -> None:
    assert list(segments([2, 0], [5, 9, 3])) == [(2, 0, 3), (0, 3, 8)]
