"""The schema of every table that more than one stage reads or writes, each in this one place.

Functions and not constants, so that importing this module costs nothing (pyarrow is imported when one is called).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def PAGE() -> "pa.Schema":
    """One row a web page (data/pages).

    url; host and path as the host rule and the annotations match them; lang (ISO 639-1, `und` where unknown);
    text; warc and offset (the WARC file's name and the byte where the record starts): where the page came from;
    formulas: a JSON object, kind of markup -> how many formulas of the text came from it (null: not counted).
    """
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("url", pa.string(), nullable=False),
            pa.field("host", pa.string(), nullable=False),
            pa.field("path", pa.string(), nullable=False),
            pa.field("lang", pa.string(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("warc", pa.string(), nullable=False),
            pa.field("offset", pa.int64(), nullable=False),
            pa.field("formulas", pa.string()),
        ]
    )


def SCORED_PAGE() -> "pa.Schema":
    """PAGE and the score of the last round's classifier (data/corpus/final)."""
    import pyarrow as pa

    return PAGE().append(pa.field("score", pa.float64(), nullable=False))


def TEXT() -> "pa.Schema":
    """One row a text of any source (seed, code, arxiv, algebraic_stack, general, and all of data/clean).

    id: unique in its source; text; source; lang (ISO 639-1, or the programming language); meta: a JSON object.
    """
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("lang", pa.string(), nullable=False),
            pa.field("meta", pa.string(), nullable=False),
        ]
    )


def SCORE() -> "pa.Schema":
    """One row a scored page (data/corpus/round_K/scores): url, score in [0, 1], tokens of its text."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("url", pa.string(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("tokens", pa.int64(), nullable=False),
        ]
    )


def HOST() -> "pa.Schema":
    """One row a host (data/corpus/round_K/hosts.parquet): its pages, and how many the round kept."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("host", pa.string(), nullable=False),
            pa.field("pages", pa.int64(), nullable=False),
            pa.field("kept", pa.int64(), nullable=False),
        ]
    )
