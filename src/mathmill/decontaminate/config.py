"""Configuration of stage `decontaminate`: which grams and which benchmarks remove a training text (paper 2.1)."""

from dataclasses import dataclass


@dataclass
class DecontaminateConfig:
    """Section `decontaminate` of the configuration."""
