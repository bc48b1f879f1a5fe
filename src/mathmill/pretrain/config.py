"""Configuration of stage `pretrain`: (continued) pre-training: model, mixture, optimiser and budget of every run (paper 2.2, 2.3)."""

from dataclasses import dataclass


@dataclass
class PretrainConfig:
    """Section `pretrain` of the configuration."""
