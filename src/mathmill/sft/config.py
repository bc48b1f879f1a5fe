"""Configuration of stage `sft`: instruction tuning (paper 3)."""

from dataclasses import dataclass


@dataclass
class SftConfig:
    """Section `sft` of the configuration."""
