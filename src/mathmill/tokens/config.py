"""Configuration of stage `tokens`: tokenizer and token shards."""

from dataclasses import dataclass


@dataclass
class TokensConfig:
    """Section `tokens` of the configuration."""
