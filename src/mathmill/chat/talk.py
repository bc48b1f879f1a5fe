"""The conversation: questions from a stream, answers to another, tool calls between."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TextIO

import torch

from mathmill.chat.voice import Draw, Voice, stops
from mathmill.evaluate.config import ProgramsConfig
from mathmill.evaluate.programs import Runner, tool_integrated
from mathmill.reward.config import SandboxConfig
from mathmill.reward.sandbox.pool import Sandbox
from mathmill.rl.rollout import Completion
from mathmill.training import template
from mathmill.workflow.errors import UserError


@dataclass(frozen=True)
class Options:
    """What the command line says; see `python -m mathmill.chat --help`."""

    temperature: float = 0.7
    top_p: float = 0.95
    max_new_tokens: int = 512
    seed: int = 0
    lang: str = "auto"
    tools: bool = False
    rounds: int = 1
    history: bool = False

    @property
    def form(self) -> str:
        """The form of answer that is asked for: cot or tir."""
        return "tir" if self.tools else "cot"


@dataclass
class Screen:
    """What the reader has seen of an answer, written to a stream at once.

    prompt: what stands before the answer and is not shown.
    """

    stream: TextIO
    prompt: str
    shown: str = field(default="")

    def show(self, piece: str) -> None:
        """Write a piece; white space before an answer is left out."""
        fresh = piece if self.shown.strip() else piece.lstrip()
        self.shown += piece
        self.stream.write(fresh)
        self.stream.flush()

    def catch_up(self, text: str) -> None:
        """Write what `text` (the prompt and the answer so far) has beyond what was shown: a program's output."""
        self.show(text[len((self.prompt + self.shown).rstrip()) :])


def language(question: str, wish: str = "auto") -> str:
    """The language of a question: zh where it has Chinese characters, else en; or what is wished."""
    return template.language_of(question) if wish == "auto" else wish


def answer(
    voice: Voice,
    question: str,
    options: Options,
    stream: TextIO,
    sandbox: Runner | None = None,
    earlier: Sequence[dict[str, str]] = (),
) -> str:
    """Answer one question, written to `stream` as it comes; returns the whole answer.

    sandbox: what runs the programs of tool-integrated answers. Raises UserError for a question that is too long.
    """
    prompt = voice.prompt(question, language(question, options.lang), options.form, earlier)
    draw = Draw(options.temperature, options.top_p, options.max_new_tokens, stops(voice, options.form))
    screen = Screen(stream, prompt)
    if sandbox is None:
        return voice.speak(prompt, draw, screen.show).text.strip()

    def generate(texts: Sequence[str]) -> list[Completion]:
        if texts[0] != prompt:
            screen.catch_up(texts[0])
        return [voice.speak(texts[0], draw, screen.show)]

    config = ProgramsConfig(formats=["tir"], rounds=options.rounds)
    return tool_integrated([prompt], generate, sandbox, config, "")[0].completion.text.strip()


def talk(voice: Voice, options: Options, source: TextIO, stream: TextIO) -> None:
    """Answer every line of `source` until it ends; an interrupt stops the answer, or the talk where there is none."""
    torch.manual_seed(options.seed)
    human = source.isatty()
    if human and not voice.chat:
        stream.write("(no chat template in this folder: the model continues a page that begins with your question)\n")
    earlier: list[dict[str, str]] = []
    with ExitStack() as held:
        sandbox = held.enter_context(Sandbox(SandboxConfig(), workers=1)) if options.tools else None
        for question in questions(source, stream, human):
            try:
                said = answer(voice, question, options, stream, sandbox, earlier if options.history else ())
                earlier += [{"role": "user", "content": question}, {"role": "assistant", "content": said}]
            except UserError as error:
                stream.write(f"error: {error}")
            except KeyboardInterrupt:
                if not human:
                    raise
                stream.write(" ...")
            stream.write("\n\n")
            stream.flush()


def questions(source: TextIO, stream: TextIO, human: bool) -> Iterator[str]:
    """The lines of `source` that hold something; a person sees a prompt and may edit the line."""
    if not human:
        yield from (line.strip() for line in source if line.strip())
        return
    import readline  # noqa: F401  (gives input() its line editing)

    while True:
        try:
            line = input("> ")
        except (EOFError, KeyboardInterrupt):
            stream.write("\n")
            return
        if line.strip():
            yield line.strip()
