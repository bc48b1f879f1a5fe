"""The whole configuration as one tree of dataclasses: a section per stage, and `runtime`.

Each section is declared beside its stage (`mathmill/<stage>/config.py`); help, bounds and choices stand at the field.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from mathmill.corpus.config import CorpusConfig
from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.evaluate.config import EvaluateConfig
from mathmill.microworld.config import MicroworldConfig
from mathmill.pages.config import PagesConfig
from mathmill.pretrain.config import PretrainConfig
from mathmill.report.config import ReportConfig
from mathmill.reward.config import RewardConfig
from mathmill.rl.config import RlConfig
from mathmill.sft.config import SftConfig
from mathmill.tokens.config import TokensConfig
from mathmill.workflow.config import RuntimeConfig
from mathmill.workflow.option import option


@dataclass
class Params:
    """Everything in params.yaml; sections in the paper's order."""

    scale: str = option("laptop", "the sizes in force: the name of a file in conf/scale")
    seed: int = option(0, "the seed that every section takes unless it is given its own", ge=0)
    microworld: MicroworldConfig = field(default_factory=MicroworldConfig)
    pages: PagesConfig = field(default_factory=PagesConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    decontaminate: DecontaminateConfig = field(default_factory=DecontaminateConfig)
    tokens: TokensConfig = field(default_factory=TokensConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    sft: SftConfig = field(default_factory=SftConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    rl: RlConfig = field(default_factory=RlConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    inputs: dict[str, Any] = field(default_factory=dict)  # stage -> label -> digest of a user's own input, or null
    choices: dict[str, Any] = field(default_factory=dict)  # configuration group -> option


def section_type(name: str) -> type:
    """The dataclass of one section; KeyError where there is no section of that name."""
    for declared in fields(Params):
        if declared.name == name and isinstance(declared.default_factory, type) and name not in ("inputs", "choices"):
            return declared.default_factory
    raise KeyError(name)
