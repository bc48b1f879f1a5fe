"""Texts as flat files of token ids, one folder a source.

data/tokens/SOURCE/
  tokens.bin             ids of all documents for training, end to end (uint16, or uint32 for a large vocabulary)
  documents.bin          uint64: where each document starts in tokens.bin, and at the end its length
  heldout.bin, heldout_documents.bin    the same for the documents that are kept for bits per byte
  index.json             type, identity of the tokenizer, and counts of both parts

A document is bos (where the section says so), its text, eos. mathmill.pretrain.source reads the files by memory map.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy
from transformers import PreTrainedTokenizerFast

from mathmill.tokens.config import TokensConfig
from mathmill.tokens.texts import documents, is_heldout, sources
from mathmill.training.model import identity, load_tokenizer
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import PageGuard, Shard, ShardResult, run_shards
from mathmill.workflow.files import remove, write_json

PARTS = ("train", "heldout")
FILES = {"train": ("tokens.bin", "documents.bin"), "heldout": ("heldout.bin", "heldout_documents.bin")}
_BATCH = 512


@dataclass
class EncodeConfig:
    """What the ids of a text depend on, beside the tokenizer."""

    tokenizer: str
    bos: bool
    heldout: float


def dtype_of(vocab: int) -> str:
    """The smallest of uint16 and uint32 that holds every id."""
    return "uint16" if vocab <= 1 << 16 else "uint32"


def encode(shard: Shard, params: EncodeConfig, out: Path, guard: PageGuard) -> dict[str, Any]:
    """Shard function: one parquet file of texts to a folder with the ids and lengths of both parts."""
    source = shard.key.partition(".")[0]
    tokenizer = load_tokenizer(Path(params.tokenizer))
    # A text that spells out <|eos|> is text: it must not end a document.
    tokenizer.backend_tokenizer.encode_special_tokens = True
    kind = dtype_of(len(tokenizer))
    out.mkdir(parents=True)
    lengths: dict[str, list[int]] = {part: [] for part in PARTS}
    sizes = dict.fromkeys(PARTS, 0)
    empty = 0
    with open(out / FILES["train"][0], "wb") as train, open(out / FILES["heldout"][0], "wb") as heldout:
        for batch in _batches(documents(shard.inputs[0])):
            kept = [(id, text) for id, text in batch if text]
            empty += len(batch) - len(kept)
            for (id, text), ids in zip(kept, _encoded(tokenizer, [text for _, text in kept], params.bos), strict=True):
                part = "heldout" if is_heldout(source, id, params.heldout) else "train"
                (heldout if part == "heldout" else train).write(numpy.asarray(ids, dtype=kind).tobytes())
                lengths[part].append(len(ids))
                sizes[part] += len(text.encode())
    for part in PARTS:
        numpy.asarray(lengths[part], dtype="uint64").tofile(out / FILES[part][1])
    counts = {
        part: {"documents": len(lengths[part]), "tokens": sum(lengths[part]), "bytes": sizes[part]} for part in PARTS
    }
    return {**counts, "empty": empty}


def _encoded(tokenizer: PreTrainedTokenizerFast, texts: list[str], bos: bool) -> list[list[int]]:
    first = [tokenizer.bos_token_id] if bos and tokenizer.bos_token_id is not None else []
    return [
        [*first, *encoding.ids, tokenizer.eos_token_id]
        for encoding in tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    ]


def _batches(items: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while batch := list(islice(items, _BATCH)):
        yield batch


def write_tokens(
    clean: Path, tokenizer: Path, scratch: Path, out: Path, config: TokensConfig, engine: EngineConfig
) -> dict[str, Any]:
    """Encode every source of `clean` in shards, join them in `out`, and return the counts of each source."""
    loaded = load_tokenizer(tokenizer)
    files = sources(clean)
    shards = [Shard(f"{source}.{file.stem}", (file,)) for source, paths in files.items() for file in paths]
    params = EncodeConfig(str(tokenizer), config.bos, config.heldout)
    results = run_shards("tokens", encode, shards, scratch, params=params, engine=engine, uses=[tokenizer], suffix="")
    remove(out)
    counts = {}
    for source in files:
        own = [result for result in results if result.shard.key.partition(".")[0] == source]
        counts[source] = join(own, out / source)
        write_json(
            out / source / "index.json",
            {
                "bos": config.bos and loaded.bos_token_id is not None,
                "dtype": dtype_of(len(loaded)),
                "tokenizer": identity(loaded),
                "vocab": len(loaded),
                **counts[source],
            },
        )
    return counts


def join(results: list[ShardResult], folder: Path) -> dict[str, Any]:
    """Append the files of a source's shards in their order; returns the sums of their counts."""
    folder.mkdir(parents=True)
    for tokens, documents_ in FILES.values():
        with open(folder / tokens, "wb") as whole:
            for result in results:
                with open(result.path / tokens, "rb") as piece:
                    shutil.copyfileobj(piece, whole, 1 << 22)
        lengths = [numpy.fromfile(result.path / documents_, dtype="uint64") for result in results]
        starts = numpy.concatenate([numpy.zeros(1, "uint64"), *lengths])
        numpy.cumsum(starts, dtype="uint64").tofile(folder / documents_)
    total: dict[str, Any] = {
        part: {key: sum(result.stats[part][key] for result in results) for key in ("documents", "tokens", "bytes")}
        for part in PARTS
    }
    return {**total, "empty": sum(result.stats["empty"] for result in results)}
