"""Ask a model folder questions, and watch it answer.

One line is one question (each by itself: the models are tuned on single questions); the end of the input ends the
program, so `python -m mathmill.chat MODEL < questions.txt` works too. The template is the one of the folder's
tokenizer; a folder without one holds a model that continues pages, and is asked by a page. With --tools the answer may
call programs, which run in the sandbox of the evaluation; what they print stands in the answer as the model sees it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mathmill.workflow.option import positive


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        "python -m mathmill.chat", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    made.add_argument("model", type=Path, help="a Hugging Face folder, such as models/rl/grpo")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--greedy", action="store_true", help="always the likeliest token: the same answer every time")
    how.add_argument("--temperature", type=float, default=0.7, help="temperature of the sampling")
    made.add_argument("--top-p", type=float, default=0.95, help="nucleus of the sampling")
    made.add_argument("--seed", type=int, default=0, help="seed of the sampling")
    made.add_argument("--max-new-tokens", type=positive, default=512, help="longest piece that is written at once")
    made.add_argument("--lang", choices=["auto", "en", "zh"], default="auto", help="language of the instruction")
    made.add_argument("--tools", action="store_true", help="tool-integrated answers: programs run in the sandbox")
    made.add_argument("--rounds", type=int, default=1, help="programs that one answer may run")
    made.add_argument("--history", action="store_true", help="earlier questions and answers stand before each question")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Talk until the input ends; exit code 2 where the folder or an option is of no use."""
    import os

    from mathmill.workflow.errors import UserError, exit_plainly

    given = parser().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with exit_plainly():
        if not given.greedy and not 0 < given.temperature <= 10:
            raise UserError(f"--temperature {given.temperature}: above 0, up to 10; --greedy takes no chance at all")
        if not (given.model / "config.json").is_file():
            raise UserError(
                f"{given.model}: not a model folder (config.json and model.safetensors are needed); the chain makes "
                "models/sft and models/rl/grpo"
            )
        from mathmill.chat.talk import Options, talk
        from mathmill.chat.voice import load_voice

        options = Options(
            temperature=0.0 if given.greedy else given.temperature,
            top_p=given.top_p,
            max_new_tokens=given.max_new_tokens,
            seed=given.seed,
            lang=given.lang,
            tools=given.tools,
            rounds=given.rounds,
            history=given.history,
        )
        talk(load_voice(given.model), options, sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
