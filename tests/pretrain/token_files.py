"""Token files in the form of mathmill.tokens.shards."""

from pathlib import Path

import numpy
from training.toys import toy_tokenizer

from mathmill.training.model import identity
from mathmill.workflow.files import write_json


def write_source(folder: Path, texts: list[str], heldout: list[str]) -> None:
    """A source in the form of mathmill.tokens.shards."""
    tokenizer = toy_tokenizer()
    folder.mkdir(parents=True)
    for part, tokens, starts in (
        (texts, "tokens.bin", "documents.bin"),
        (heldout, "heldout.bin", "heldout_documents.bin"),
    ):
        ids = [[0, *tokenizer.encode(text, add_special_tokens=False), 1] for text in part]
        numpy.asarray([token for document in ids for token in document], dtype="uint16").tofile(folder / tokens)
        numpy.cumsum([0, *map(len, ids)], dtype="uint64").tofile(folder / starts)
    sizes = {
        "tokens": int(numpy.fromfile(folder / "documents.bin", "uint64")[-1]),
        "bytes": len("".join(texts).encode()),
    }
    index = {"bos": True, "train": sizes, "dtype": "uint16", "tokenizer": identity(tokenizer), "vocab": len(tokenizer)}
    write_json(folder / "index.json", index)
