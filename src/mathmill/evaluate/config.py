"""Configuration of stage `evaluate`: which benchmarks, how many samples, how they are decoded."""

from dataclasses import dataclass


@dataclass
class EvaluateConfig:
    """Section `evaluate` of the configuration."""
