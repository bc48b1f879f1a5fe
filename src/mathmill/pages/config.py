"""Configuration of stage `pages`: WARC files to pages: where the crawl is, what is kept, how copies are found."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class NearDuplicates:
    """MinHash: how alike two pages must be to be one (the paper removes near-duplicates and is silent on how)."""

    enabled: bool = option(True, "remove near-duplicates")
    shingle: int = option(5, "tokens in a shingle; the paper is silent", ge=1)
    bands: int = option(40, "bands of the MinHash signature; the paper is silent", ge=1)
    rows: int = option(
        3,
        "rows (hash functions) in a band: more rows, fewer pairs to compare, fewer distant copies found; the paper is "
        "silent",
        ge=1,
    )
    sketch: int = option(
        256, "smallest shingles kept of each page: similarity is exact up to so many; the paper is silent", ge=16
    )
    threshold: float = option(
        0.42,
        "Jaccard similarity of the shingles from which two pages that share a band are copies; the paper is silent",
        gt=0,
        le=1,
    )
    bucket: int = option(64, "pages of a bucket that each other page in it is compared with", ge=1)
    partition_rows: int = option(
        2_000_000, "rows (of 20 to 36 bytes) of the exchange held at once: memory, never the result", ge=1
    )


@dataclass
class FormulaSearch:
    """Coarse to fine: which pages are searched for formulas, and when they outweigh the rule for main content."""

    min_score: float = option(
        0.5,
        "weight of the signs of mathematics in a page's source (pages/signs.py: markup of formulas 1, <sup> and <sub> "
        "0.5, a dollar 0.25 each) from which it is searched for formulas; 0: every page; the paper is silent",
        ge=0,
    )
    max_lost: float = option(
        0.5,
        "share of a page's formulas that the rule for main content may drop; where it drops more, the text is that of "
        "the whole body; the paper is silent",
        ge=0,
        le=1,
    )


@dataclass
class PagesConfig:
    """Section `pages` of the configuration."""

    crawl: list[str] | None = option(
        None,
        "WARC or WET files, folders of them, addresses of such files (https://, s3://), or lists of paths (*.paths, "
        "*.paths.gz; also at an address), in place of the microworld's crawl (paths count from the project root)",
    )
    prefix: str = option(
        "https://data.commoncrawl.org/", "the address or folder that stands before each line of a list of paths"
    )
    sample: int | None = option(None, "read so many files, evenly spread over all of them; null: all", ge=1)
    max_unreadable: float = option(
        0.05, "a larger share of files that cannot be read (and more than one) is an error", ge=0, le=1
    )
    max_bytes: int = option(8_000_000, "a larger page (decoded bytes) is set aside as too_large", ge=1)
    max_tags: int = option(100_000, "a page with more `<` is set aside as too_many_tags", ge=1)
    min_chars: int = option(50, "a page with less text is set aside as empty; the paper is silent", ge=0)
    max_chars: int = option(1_000_000, "text is cut here; the paper is silent", ge=1)
    formulas: FormulaSearch = option(FormulaSearch, "the search for formulas")
    near: NearDuplicates = option(NearDuplicates, "near-duplicates")
    survivor: str = option(
        "shortest_url",
        "which of several copies stays (ties: alphabetical URL); the paper is silent",
        choices=["shortest_url", "longest_text"],
    )
    seed: int = option(0, "draws the hash functions of MinHash", ge=0)
