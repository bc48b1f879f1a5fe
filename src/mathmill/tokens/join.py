"""Encode every source in shards, and join its shards to the files that training reads."""

import shutil
from pathlib import Path
from typing import Any

import numpy

from mathmill.tokens.config import TokensConfig
from mathmill.tokens.shards import FILES, PARTS, EncodeConfig, dtype_of, encode
from mathmill.tokens.texts import sources
from mathmill.training.model import identity, load_tokenizer
from mathmill.workflow.config import EngineConfig
from mathmill.workflow.engine import Shard, ShardResult, run_shards
from mathmill.workflow.files import remove, write_json


def write_tokens(
    clean: Path, tokenizer: Path, scratch: Path, out: Path, config: TokensConfig, engine: EngineConfig
) -> dict[str, Any]:
    """Encode every source of `clean` in shards, join them in `out`, and return the counts of each source."""
    loaded = load_tokenizer(tokenizer)
    files = sources(clean)
    shards = [Shard(f"{source}.{file.stem}", (file,)) for source, paths in files.items() for file in paths]
    bos = loaded.bos_token_id if config.bos else None
    file = tokenizer / "tokenizer.json"
    params = EncodeConfig(str(file), bos, loaded.eos_token_id, dtype_of(len(loaded)), config.heldout)
    results = run_shards("tokens", encode, shards, scratch, params=params, engine=engine, uses=[file], suffix="")
    remove(out)
    counts = {}
    for source in files:
        own = [result for result in results if result.shard.key.partition(".")[0] == source]
        counts[source] = join(own, out / source)
        write_json(
            out / source / "index.json",
            {
                "bos": bos is not None,
                "dtype": params.dtype,
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
