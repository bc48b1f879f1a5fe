"""A model folder that speaks: its prompts, and its tokens as they come.

Generation is plain transformers (`model.generate`), as anybody who takes a folder elsewhere would call it; greedy
answers are those of the evaluation's own sampler (tests/chat).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TextStreamer

from mathmill.evaluate.config import PageConfig
from mathmill.evaluate.item import Item
from mathmill.evaluate.programs import OUTPUT
from mathmill.evaluate.prompts import Prompter, is_chat
from mathmill.rl.rollout import Completion
from mathmill.training import template
from mathmill.training.model import cast, load, load_tokenizer
from mathmill.workflow.errors import UserError

Show = Callable[[str], None]


@dataclass(frozen=True)
class Draw:
    """How one piece of an answer is drawn; temperature 0 is greedy, `stop` strings end it."""

    temperature: float
    top_p: float
    max_new_tokens: int
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Voice:
    """A loaded model with its tokenizer. chat: asked by the tokenizer's chat template, else by a page to continue."""

    model: Any
    tokenizer: Any
    chat: bool

    def prompt(self, question: str, lang: str, form: str, earlier: Sequence[dict[str, str]] = ()) -> str:
        """What the model reads, as text with the beginning-of-text token where the template has one.

        earlier: messages of the conversation so far; a model that continues pages has none.
        """
        if not self.chat:
            return Prompter(False, PageConfig(), {}).prompt(Item("", "", 0, lang, question, "", ""), form)
        asked = template.messages(question, lang, form, template.suffixes_of(self.tokenizer))
        made = self.tokenizer.apply_chat_template([*earlier, *asked], add_generation_prompt=True, tokenize=False)
        return str(made)

    def speak(self, text: str, draw: Draw, show: Show) -> Completion:
        """Continue `text`; what comes is given to `show` piece by piece, without stop strings and what follows them.

        Raises UserError where the text leaves no room in the model's positions.
        """
        asked = self.tokenizer(text, add_special_tokens=not self.chat, return_tensors="pt").to(self.model.device)
        asked.pop("token_type_ids", None)
        length = asked["input_ids"].shape[1]
        room = self.model.config.max_position_embeddings - length
        if room <= 0:
            raise UserError(f"the question is {length} tokens long, and the model has no position left for an answer")
        options: dict[str, Any] = {"do_sample": False}
        if draw.temperature:
            # top_k: transformers would cut at 50 tokens where the folder's generation_config says nothing.
            options = {"do_sample": True, "temperature": draw.temperature, "top_p": draw.top_p, "top_k": 0}
        if draw.stop:
            options |= {"stop_strings": list(draw.stop), "tokenizer": self.tokenizer}
        made = self.model.generate(
            **asked,
            **options,
            max_new_tokens=min(draw.max_new_tokens, room),
            pad_token_id=self.tokenizer.pad_token_id or self.tokenizer.eos_token_id,
            streamer=_Pieces(self.tokenizer, draw.stop, show),
        )
        ids = made[0, length:].tolist()
        ended = bool(ids) and ids[-1] == self.tokenizer.eos_token_id
        whole = str(self.tokenizer.decode(ids, skip_special_tokens=True))
        cut = before_stop(whole, draw.stop)
        return Completion(cut, len(ids), ended or len(cut) < len(whole))


class _Pieces(TextStreamer):
    """Gives text to `show` as soon as it can be no part of a stop string; after one it is silent."""

    def __init__(self, tokenizer: Any, stop: tuple[str, ...], show: Show) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._stop = stop
        self._show = show
        self._text = ""
        self._shown = 0

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        self._text += text
        cut = before_stop(self._text, self._stop)
        sure = cut if stream_end or len(cut) < len(self._text) else cut[: len(cut) - _doubtful(cut, self._stop)]
        if len(sure) > self._shown:
            self._show(sure[self._shown :])
            self._shown = len(sure)


def before_stop(text: str, stop: Sequence[str]) -> str:
    """The text up to the first stop string behind its leading white space."""
    lead = len(text) - len(text.lstrip())
    return text[: min((place for one in stop if (place := text.find(one, lead)) >= 0), default=len(text))]


def _doubtful(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end may be the beginning of a stop string."""
    return max((n for one in stop for n in range(1, len(one)) if text.endswith(one[:n])), default=0)


def load_voice(folder: Path) -> Voice:
    """The model of a Hugging Face folder, on a GPU (bfloat16) where there is one; raises UserError without weights."""
    model: Any = load(folder)
    tokenizer = load_tokenizer(folder)
    if torch.cuda.is_available():
        cast(model, "cuda", torch.bfloat16)
    return Voice(model.eval(), tokenizer, is_chat(tokenizer, "auto"))


def stops(voice: Voice, form: str) -> tuple[str, ...]:
    """The strings on which a piece of an answer of this form ends, as in the evaluation."""
    pages = Prompter(voice.chat, PageConfig(), {})
    return (*pages.stops(form), OUTPUT) if form == "tir" else pages.stops()
