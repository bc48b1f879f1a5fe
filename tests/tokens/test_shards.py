import itertools
import json

import numpy
import pytest

from mathmill.tokens.config import TokensConfig
from mathmill.tokens.join import write_tokens
from mathmill.tokens.shards import dtype_of
from mathmill.tokens.texts import documents, is_heldout, sources
from mathmill.tokens.tokenizer import train
from mathmill.training.model import identity, load_tokenizer
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import digest

CONFIG = TokensConfig(vocab=300, weights={"corpus": 1.0}, characters=20_000, heldout=0.15)


@pytest.fixture(scope="module")
def folder(clean, tmp_path_factory):
    root = tmp_path_factory.mktemp("tokens")
    train(clean, CONFIG).save_pretrained(root / "tokenizer")
    write_tokens(clean, root / "tokenizer", root / "work", root / "out", CONFIG, EngineConfig(backend="serial"))
    return root


def parts(folder, source: str, tokens: str, starts: str) -> list[list[int]]:
    ids = numpy.fromfile(folder / "out" / source / tokens, dtype="uint16")
    borders = numpy.fromfile(folder / "out" / source / starts, dtype="uint64").astype(int)
    return [ids[a:b].tolist() for a, b in itertools.pairwise(borders)]


def test_the_files_hold_every_document_in_its_part(folder, clean) -> None:
    tokenizer = load_tokenizer(folder / "tokenizer")
    for source, files in sources(clean).items():
        texts = [(id, text) for file in files for id, text in documents(file) if text]
        for tokens, starts, wanted in (
            ("tokens.bin", "documents.bin", False),
            ("heldout.bin", "heldout_documents.bin", True),
        ):
            found = parts(folder, source, tokens, starts)
            expected = [text for id, text in texts if is_heldout(source, id, CONFIG.heldout) == wanted]
            assert [tokenizer.decode(ids[1:-1]) for ids in found] == expected
            assert {ids[0] for ids in found} == {tokenizer.bos_token_id}
            assert {ids[-1] for ids in found} == {tokenizer.eos_token_id}
            # Spelled-out special tokens are plain text.
            assert all(tokenizer.eos_token_id not in ids[:-1] for ids in found)


def test_index_counts(folder) -> None:
    index = json.loads((folder / "out" / "corpus" / "index.json").read_text())
    assert index["empty"] == 1
    assert index["train"]["documents"] + index["heldout"]["documents"] == 199
    assert index["train"]["tokens"] == len(numpy.fromfile(folder / "out" / "corpus" / "tokens.bin", dtype="uint16"))
    assert index["tokenizer"] == identity(load_tokenizer(folder / "tokenizer"))
    assert index["dtype"] == "uint16"


def test_the_same_texts_give_the_same_bytes(folder, clean, tmp_path) -> None:
    write_tokens(clean, folder / "tokenizer", tmp_path / "w", tmp_path / "out", CONFIG, EngineConfig(backend="serial"))
    assert digest(tmp_path / "out") == digest(folder / "out")


def test_type_by_vocabulary() -> None:
    assert [dtype_of(size) for size in (1536, 65536, 65537, 102400)] == ["uint16", "uint16", "uint32", "uint32"]


def test_no_source_is_an_error(tmp_path) -> None:
    (tmp_path / "instruct.jsonl").write_text("")
    with pytest.raises(UserError, match="no folder with a source"):
        sources(tmp_path)
