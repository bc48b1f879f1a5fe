"""Configuration of stage `pages`: WARC files to pages: where the crawl is, what is kept, how copies are found."""

from dataclasses import dataclass


@dataclass
class PagesConfig:
    """Section `pages` of the configuration."""
