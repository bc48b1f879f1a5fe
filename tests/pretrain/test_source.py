import numpy
import pytest
from pretrain.token_files import write_source

from mathmill.pretrain.source import Source
from mathmill.workflow.errors import UserError


def stream(source: Source, context: int, count: int) -> numpy.ndarray:
    return numpy.concatenate([source.sequence(number, context)[0] for number in range(count)])


def test_an_epoch_is_every_document_once_in_an_order_of_its_own(tokens) -> None:
    source = Source(tokens / "corpus", seed=0)
    total = source.train.total
    ids = stream(source, 16, 3 * total // 16 + 1)
    epochs = [ids[:total], ids[total : 2 * total]]
    documents = [tuple(source.train.document(i).tolist()) for i in range(len(source.train))]
    for epoch in epochs:
        borders = numpy.flatnonzero(epoch == 1) + 1
        found = [tuple(piece.tolist()) for piece in numpy.split(epoch, borders)[:-1]]
        assert sorted(found) == sorted(documents)
    assert not numpy.array_equal(*epochs)


def test_a_sequence_is_a_function_of_its_number(tokens) -> None:
    whole = stream(Source(tokens / "corpus", seed=0), 16, 50)
    fresh = Source(tokens / "corpus", seed=0)
    assert numpy.array_equal(fresh.sequence(49, 16)[0], whole[49 * 16 :])
    assert numpy.array_equal(fresh.sequence(3, 16)[0], whole[48:64])
    # The stream is the same whatever the length of the pieces.
    assert numpy.array_equal(stream(Source(tokens / "corpus", seed=0), 40, 20), whole[:800])
    assert not numpy.array_equal(stream(Source(tokens / "corpus", seed=1), 16, 50), whole)
    assert not numpy.array_equal(stream(Source(tokens / "code", seed=0), 16, 50), whole)


def test_positions_begin_anew_with_every_document(tokens) -> None:
    ids, positions = Source(tokens / "corpus", seed=0).sequence(2, 64)
    starts = numpy.flatnonzero(positions == 0)
    assert starts[0] == 0
    assert (ids[starts[1:]] == 0).all()
    assert (ids[starts[1:] - 1] == 1).all()
    assert set(numpy.diff(positions)[numpy.diff(positions) != 1]) == set(-positions[starts[1:] - 1])


def test_files_that_do_not_fit_are_refused(tmp_path) -> None:
    write_source(tmp_path / "s", ["a b", "c"], [])
    whole = (tmp_path / "s" / "tokens.bin").read_bytes()
    (tmp_path / "s" / "tokens.bin").write_bytes(whole[:-2])
    with pytest.raises(UserError, match="does not fit"):
        Source(tmp_path / "s", 0)
