"""Configuration of stage `reward`: the answer verifier (paper 4, 5.2)."""

from dataclasses import dataclass


@dataclass
class RewardConfig:
    """Section `reward` of the configuration."""
