"""The stage as one function: tokenizer, token files, report."""

from pathlib import Path
from typing import Any

from mathmill.tokens.config import TokensConfig
from mathmill.tokens.join import write_tokens
from mathmill.tokens.tokenizer import from_checkpoint, train
from mathmill.training.model import identity, load_tokenizer
from mathmill.workflow.files import publish, remove
from mathmill.workflow.stage import Stage


def run(stage: Stage) -> dict[str, Any]:
    """Make models/tokenizer and data/tokens of data/clean; returns the report."""
    config: TokensConfig = stage.section
    clean = stage.input("clean")
    made = stage.scratch / "tokenizer"
    if not made.is_dir():
        base = stage.inputs("base_checkpoint")
        tokenizer = from_checkpoint(base[0]) if base else train(clean, config)
        beside = stage.scratch / "tokenizer.making"
        remove(beside)
        tokenizer.save_pretrained(beside)
        publish(beside, made)
    counts = write_tokens(clean, made, stage.scratch / "shards", stage.scratch / "tokens", config, stage.runtime.engine)
    publish(made, stage.output("tokenizer"))
    publish(stage.scratch / "tokens", stage.output("tokens"))
    return report(made, counts, config)


def report(folder: Path, counts: dict[str, Any], config: TokensConfig) -> dict[str, Any]:
    """Size of the vocabulary, and of each source: documents, tokens, held-out tokens, bytes per token."""
    tokenizer = load_tokenizer(folder)
    rows = {}
    for source, count in counts.items():
        whole = {key: count["train"][key] + count["heldout"][key] for key in ("tokens", "bytes")}
        rows[source] = {
            "documents": count["train"]["documents"],
            "tokens": count["train"]["tokens"],
            "heldout_documents": count["heldout"]["documents"],
            "heldout_tokens": count["heldout"]["tokens"],
            "empty_documents": count["empty"],
            "bytes_per_token": round(whole["bytes"] / max(1, whole["tokens"]), 4),
        }
    return {
        "tokenizer": identity(tokenizer),
        "trained": config.base_checkpoint is None,
        "vocab": len(tokenizer),
        "sources": rows,
    }
