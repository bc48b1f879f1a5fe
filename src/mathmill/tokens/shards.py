"""Texts as flat files of token ids, one folder a source.

data/tokens/SOURCE/
  tokens.bin             ids of all documents for training, end to end (uint16, or uint32 for a large vocabulary)
  documents.bin          uint64: where each document starts in tokens.bin, and at the end its length
  heldout.bin, heldout_documents.bin    the same for the documents that are kept for bits per byte
  index.json             type, identity of the tokenizer, and counts of both parts

A document is bos (where the section says so), its text, eos. mathmill.pretrain.source reads the files by memory map.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy
from tokenizers import Tokenizer

from mathmill.tokens.texts import documents, is_heldout
from mathmill.workflow.engine import PageGuard, Shard

PARTS = ("train", "heldout")
FILES = {"train": ("tokens.bin", "documents.bin"), "heldout": ("heldout.bin", "heldout_documents.bin")}
_BATCH = 512


@dataclass
class EncodeConfig:
    """What the ids of a text depend on. tokenizer: tokenizer.json; bos: None where documents begin without."""

    tokenizer: str
    bos: int | None
    eos: int
    dtype: str
    heldout: float


def dtype_of(vocab: int) -> str:
    """The smallest of uint16 and uint32 that holds every id."""
    return "uint16" if vocab <= 1 << 16 else "uint32"


def encode(shard: Shard, params: EncodeConfig, out: Path, guard: PageGuard) -> dict[str, Any]:
    """Shard function: one parquet file of texts to a folder with the ids and lengths of both parts.

    It works on the bare tokenizer, for transformers takes a worker process seconds to import.
    """
    source = shard.key.partition(".")[0]
    tokenizer = Tokenizer.from_file(params.tokenizer)
    # A text that spells out <|eos|> is text: it must not end a document.
    tokenizer.encode_special_tokens = True
    out.mkdir(parents=True)
    lengths: dict[str, list[int]] = {part: [] for part in PARTS}
    sizes = dict.fromkeys(PARTS, 0)
    empty = 0
    with open(out / FILES["train"][0], "wb") as train, open(out / FILES["heldout"][0], "wb") as heldout:
        for batch in _batches(documents(shard.inputs[0])):
            kept = [(id, text) for id, text in batch if text]
            empty += len(batch) - len(kept)
            for (id, text), ids in zip(kept, _encoded(tokenizer, [text for _, text in kept], params), strict=True):
                part = "heldout" if is_heldout(source, id, params.heldout) else "train"
                (heldout if part == "heldout" else train).write(numpy.asarray(ids, dtype=params.dtype).tobytes())
                lengths[part].append(len(ids))
                sizes[part] += len(text.encode())
    for part in PARTS:
        numpy.asarray(lengths[part], dtype="uint64").tofile(out / FILES[part][1])
    counts = {
        part: {"documents": len(lengths[part]), "tokens": sum(lengths[part]), "bytes": sizes[part]} for part in PARTS
    }
    return {**counts, "empty": empty}


def _encoded(tokenizer: Tokenizer, texts: list[str], params: EncodeConfig) -> list[list[int]]:
    first = [] if params.bos is None else [params.bos]
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [[*first, *encoding.ids, params.eos] for encoding in encoded]


def _batches(items: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
