"""Configuration of stage `report`: figures and tables."""

from dataclasses import dataclass


@dataclass
class ReportConfig:
    """Section `report` of the configuration."""
