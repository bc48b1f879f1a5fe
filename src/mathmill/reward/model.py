"""Reward models: a causal language model with one logit a token, and the frozen scorer made of it (paper 4.1, 4.2).

A Hugging Face folder for token classification with one label, so plain transformers loads it. An outcome model is read
at the last token of an output (log-odds that the answer is right), a process model at the last token of each step
(log-odds that the step can still lead to the right answer, Math-Shepherd). Which of them it is, and what separates
steps, stands in its config.json under `mathmill_reward`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging

from mathmill.reward.steps import scored_ends
from mathmill.rl import likelihood
from mathmill.training.model import has_weights, identity, load_tokenizer, require_model
from mathmill.workflow.errors import UserError
from mathmill.workflow.files import read_json

KINDS = ("outcome", "process")
_MARK = "mathmill_reward"


@dataclass(frozen=True)
class Scored:
    """The rewards of one output: at token `ends[j]` of it the probability `values[j]`; an outcome has one, the last."""

    ends: list[int]
    values: list[float]


def build(
    checkpoint: Path, kind: str, delimiters: Sequence[str], seed: int, attention: str = "sdpa"
) -> PreTrainedModel:
    """A reward model in float32 with the body of a causal language model's folder and a fresh head, drawn by `seed`."""
    changes = {
        "num_labels": 1,
        "classifier_dropout": 0.0,
        "id2label": {0: "right"},
        "label2id": {"right": 0},
        _MARK: {"kind": kind, "delimiters": list(delimiters)},
    }
    return with_head(Path(checkpoint), attention, changes, seed)


def load_reward(folder: Path, attention: str = "sdpa") -> PreTrainedModel:
    """The reward model of a folder that a stage `reward` saved; UserError for any other folder."""
    if has_weights(folder) and _MARK not in read_json(Path(folder) / "config.json"):
        raise UserError(f"{folder}: not a reward model of this project (stage reward makes them)")
    return with_head(Path(folder), attention, {}, 0)


def with_head(folder: Path, attention: str, changes: dict[str, Any], seed: int) -> PreTrainedModel:
    """The model of `folder` in float32 as one for token classification, a missing head drawn by `seed`.

    changes: of its configuration. Raises UserError where the folder holds no model.
    """
    require_model(folder)
    shape, kind = _shape(folder)
    for key, value in changes.items():
        setattr(shape, key, value)
    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": attention, "local_files_only": True}
    loud = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # that the head is new is no news
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model: PreTrainedModel = kind.from_pretrained(folder, config=shape, **options)
    finally:
        logging.set_verbosity(loud)
    return model


def _shape(folder: Path) -> tuple[Any, Any]:
    """The transformers configuration of a folder, and the class of the reward model with that body."""
    if read_json(folder / "config.json").get("model_type") == "llama":
        # The classes by themselves: AutoModel imports a registry of every architecture, seconds for nothing.
        from transformers.models.llama.modeling_llama import LlamaConfig, LlamaForTokenClassification

        return LlamaConfig.from_pretrained(folder, local_files_only=True), LlamaForTokenClassification
    from transformers import AutoConfig, AutoModelForTokenClassification

    return AutoConfig.from_pretrained(folder, local_files_only=True), AutoModelForTokenClassification


class Scorer:
    """A frozen reward model. kind: outcome or process; tokenizer: that of its folder; tokens: in one forward pass."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tokens: int = 16384) -> None:
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.tokens = tokens
        mark = getattr(model.config, _MARK)
        self.kind: str = mark["kind"]
        self.delimiters: list[str] = list(mark["delimiters"])

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu", tokens: int = 16384) -> "Scorer":
        """The scorer of a folder that stage `reward` made; UserError for any other folder."""
        model = load_reward(folder)
        torch.nn.Module.to(model, device)  # transformers hides the signature of its own
        return cls(model, load_tokenizer(folder), tokens)

    def check(self, tokenizer: PreTrainedTokenizerFast) -> None:
        """UserError unless ids of `tokenizer`, the policy's, mean the same to this model."""
        if identity(tokenizer) != identity(self.tokenizer):
            raise UserError("the reward model and the policy have different tokenizers; train it from the same base")

    def ends(self, output: Sequence[int]) -> list[int]:
        """Where an output is scored (see steps.scored_ends); ValueError for an empty one."""
        if not output:
            raise ValueError("an empty output has no token to be scored at")
        return scored_ends(self.kind, output, self.tokenizer, self.delimiters)

    @torch.no_grad()
    def score(self, prompts: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]) -> list[Scored]:
        """Probabilities at the ends of each output after its prompt (token ids), in the order given.

        Each prompt is forwarded once for the outputs that share a forward pass, where the model allows it; what stands
        beside an output changes its values by rounding only.
        """
        ends = [self.ends(output) for output in outputs]
        # A token behind each output: the states before output tokens are then those of all its own tokens.
        longer = [likelihood.Sequence([*prompt], [*output, 0]) for prompt, output in zip(prompts, outputs, strict=True)]
        device = next(self.model.parameters()).device
        values: list[list[float]] = [[] for _ in longer]
        for batch in likelihood.micro_batches(longer, list(range(len(longer))), self.tokens, device):
            logits = self.model.get_submodule("score")(likelihood.states_before(self.model, batch))[:, 0].float()
            chances = likelihood.spread(logits.sigmoid(), batch).cpu()
            for place, row in enumerate(batch.rows):
                values[row] = chances[place, [end + 1 for end in ends[row]]].tolist()
        return [Scored(places, chances) for places, chances in zip(ends, values, strict=True)]


def padded(sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    """Token ids [rows, longest], padded on the right."""
    ids = torch.zeros(len(sequences), max(map(len, sequences)), dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.tensor(sequence)
    return ids
