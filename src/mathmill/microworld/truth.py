"""The ground truth, for the report and the tests alone: what every URL is, and what was planted where."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathmill.workflow.files import write_json, write_jsonl, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa


def TRUTH() -> "pa.Schema":
    """One row a URL (truth/pages.parquet).

    copy_of: the URL whose page it repeats; contaminated_by: ids of planted benchmark items; lookalike: resembles one
    and must be kept; accidental: lines that match one by accident; formulas: TeX in reading order; markup: their
    family; valid: a page that can be read; oddities: gzip, chunked, mirror, revisit, 404; captures: fetches.
    """
    import pyarrow as pa

    text, flag, count = pa.string(), pa.bool_(), pa.int64()
    kinds = {
        "url": text, "host": text, "is_math": flag, "genre": text, "lang": text, "copy_of": text, "is_copy": flag,
        "contaminated_by": pa.list_(text), "lookalike": flag, "accidental": count, "formulas": pa.list_(text),
        "markup": text, "charset": text, "valid": flag, "status": count, "oddities": pa.list_(text), "captures": count,
    }  # fmt: skip
    return pa.schema([pa.field(name, kind, nullable=name == "copy_of") for name, kind in kinds.items()])


def summary(rows: list[dict[str, Any]], planted: list[dict[str, str]]) -> dict[str, Any]:
    """Counts of all kinds of pages; shares are over the valid pages that are no copies."""
    unique = [row for row in rows if row["valid"] and not row["is_copy"]]
    math = [row for row in unique if row["is_math"]]
    return {
        "urls": len(rows),
        "hosts": len({row["host"] for row in unique}),
        "pages": sum(row["captures"] for row in rows if row["valid"]),
        "unique_pages": len(unique),
        "copies": sum(row["is_copy"] for row in rows),
        "math_pages": len(math),
        "math_share": round(len(math) / max(1, len(unique)), 6),
        "genres": dict(sorted(Counter(row["genre"] for row in unique).items())),
        "languages": dict(sorted(Counter(row["lang"] for row in unique).items())),
        "markups": dict(sorted(Counter(row["markup"] for row in math).items())),
        "charsets": dict(sorted(Counter(row["charset"] for row in unique).items())),
        "oddities": dict(sorted(Counter(odd for row in rows for odd in row["oddities"]).items())),
        "contaminated_pages": sum(bool(row["contaminated_by"]) for row in unique),
        "lookalike_pages": sum(row["lookalike"] for row in unique),
        "accidental_pages": sum(row["accidental"] > 0 for row in unique),
        "formulas": sum(len(row["formulas"]) for row in unique),
        "planted": dict(sorted(Counter(row["source"] for row in planted).items())),
    }


def write_truth(folder: Path, rows: list[dict[str, Any]], planted: list[dict[str, str]]) -> None:
    """pages.parquet, contamination.jsonl (source, id, benchmark, part, question) and summary.json."""
    write_parquet(folder / "pages.parquet", rows, TRUTH())
    write_jsonl(folder / "contamination.jsonl", planted)
    write_json(folder / "summary.json", summary(rows, planted))
