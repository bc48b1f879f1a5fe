"""Configuration of stage `rl`: reinforcement learning from the verifier's reward (paper 4.1, 5.2)."""

from dataclasses import dataclass


@dataclass
class RlConfig:
    """Section `rl` of the configuration."""
