"""Configuration of stage `microworld`: the embedded default: sizes and shares of the small synthetic web."""

from dataclasses import dataclass


@dataclass
class MicroworldConfig:
    """Section `microworld` of the configuration."""
