"""Schemas of the tables that stand in the folders of the rounds (data/corpus/round_K)."""

import pyarrow as pa


def KEPT() -> pa.Schema:
    """One row a collected page of a round (cut/SHARD/kept.parquet): url, score, tokens."""
    return pa.schema(
        [
            pa.field("url", pa.string(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("tokens", pa.int64(), nullable=False),
        ]
    )


def BINS() -> pa.Schema:
    """One row a bin that is not empty (histogram/SHARD.parquet): bin of the score (or bucket), pages and tokens."""
    return pa.schema([pa.field(name, pa.int64(), nullable=False) for name in ("bin", "pages", "tokens")])


def NEGATIVE() -> pa.Schema:
    """One row a page that may become a negative of the next classifier: the number it was drawn by, url, text."""
    return pa.schema(
        [
            pa.field("draw", pa.uint64(), nullable=False),
            pa.field("url", pa.string(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
        ]
    )
