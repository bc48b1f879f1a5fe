"""Configuration of stage `corpus`: the rounds that find mathematical pages: classifier, cut, host rule, seed growth (paper 2.1)."""

from dataclasses import dataclass


@dataclass
class CorpusConfig:
    """Section `corpus` of the configuration."""
