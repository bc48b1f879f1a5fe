"""A chat: prompts are those of training and evaluation, text comes as it is made, programs run, faults are said."""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from chain import Chain
from training.toys import toy_tokenizer

from mathmill.chat.talk import Options, language, talk
from mathmill.chat.voice import Draw, Voice, before_stop, load_voice
from mathmill.reward.sandbox.pool import Result
from mathmill.rl.rollout import sample
from mathmill.training import template
from mathmill.training.config import ModelShape
from mathmill.training.model import build, save

ROOT = Path(__file__).resolve().parents[2]
READ = ("config", "tokenizer_config")
SUFFIXES = {"cot_en": "\nReason, and box it.", "cot_zh": "\n请推理。", "tir_en": "\nUse programs."}
QUESTIONS = ["What is 1 + 1?", "小明有3个苹果，他吃了1个。还有几个？"]


def tokenizer(chat: bool) -> Any:
    from tokenizers import processors

    made = toy_tokenizer()
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 0)]
    )
    if chat:
        template.attach(made, SUFFIXES)
    return made


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.set_num_threads(1)
    made = {}
    for name in ("chat", "page"):
        made[name] = tmp_path_factory.mktemp("models") / name
        words = tokenizer(name == "chat")
        save(build(ModelShape(hidden=32, layers=2, heads=2, kv_heads=2, ffn=64, context=256), words), words, made[name])
    return made


class Scripted:
    """A model that writes given texts, one a call, and stops on stop strings as transformers does."""

    device = "cpu"
    config = SimpleNamespace(max_position_embeddings=4096)

    def __init__(self, words: Any, texts: Sequence[str]) -> None:
        self.words = words
        self.texts = list(texts)
        self.asked: list[str] = []

    def generate(self, input_ids: torch.Tensor, streamer: Any, stop_strings: Sequence[str] = (), **_: Any) -> Any:
        self.asked.append(self.words.decode(input_ids[0]))
        streamer.put(input_ids[0])
        ids: list[int] = []
        for token in [*self.words.encode(self.texts.pop(0), add_special_tokens=False), self.words.eos_token_id]:
            ids.append(token)
            streamer.put(torch.tensor([token]))
            if any(text in self.words.decode(ids) for text in stop_strings):
                break
        streamer.end()
        return torch.cat([input_ids, torch.tensor([ids])], dim=1)


@pytest.mark.parametrize("kind", ["chat", "page"])
def test_greedy_answers_are_those_of_the_evaluation(folders: dict[str, Path], kind: str) -> None:
    voice = load_voice(folders[kind])
    assert voice.chat == (kind == "chat")
    for question in QUESTIONS:
        pieces: list[str] = []
        prompt = voice.prompt(question, language(question), "cot")
        made = voice.speak(prompt, Draw(0.0, 1.0, 24), pieces.append)
        bare = prompt.removeprefix("<bos>")  # sample() encodes with bos
        expected = sample(voice.model, voice.tokenizer, [bare], temperature=0.0, max_new_tokens=24)[0][0]
        assert made == expected
        assert "".join(pieces) == made.text


def test_the_prompt_is_that_of_instruction_tuning(folders: dict[str, Path]) -> None:
    voice = load_voice(folders["chat"])
    for question in QUESTIONS:
        lang = language(question)
        ids = voice.tokenizer.encode(voice.prompt(question, lang, "cot"), add_special_tokens=False)
        assert ids == template.encode_prompt(voice.tokenizer, question, lang)
    assert [language(question) for question in QUESTIONS] == ["en", "zh"]
    assert "请推理" in voice.prompt(QUESTIONS[1], "zh", "cot")


def test_one_line_is_one_question_and_history_is_asked_for() -> None:
    for history in (False, True):
        words = tokenizer(chat=True)
        model = Scripted(words, [" two", " three"])
        stream = io.StringIO()
        source = io.StringIO("One?\n\n  Two?  \n")
        talk(Voice(model, words, True), Options(temperature=0.0, history=history), source, stream)
        assert stream.getvalue() == "two\n\nthree\n\n"
        suffix = SUFFIXES["cot_en"]
        assert model.asked[0] == f"<bos>User: One?{suffix}\n\nAssistant:"
        before = "User: One?\n\nAssistant: two<eos>" if history else ""
        assert model.asked[1] == f"<bos>{before}User: Two?{suffix}\n\nAssistant:"


def test_text_that_may_begin_a_stop_string_waits() -> None:
    words = tokenizer(chat=True)
    stream = io.StringIO()
    pieces: list[str] = []

    def show(piece: str) -> None:
        pieces.append(piece)
        stream.write(piece)

    model = Scripted(words, [" a ```python b ``` c ```output d"])
    made = Voice(model, words, True).speak("x", Draw(0.0, 1.0, 99, ("```output",)), show)
    assert stream.getvalue() == made.text == " a ```python b ``` c "
    assert made.finished
    assert len(pieces) > 3  # it came word by word
    assert before_stop("\n\nx\ny", ["\n"]) == "\n\nx"


class Prints42:
    """Stands for the sandbox."""

    def __init__(self) -> None:
        self.programs: list[str] = []

    def run(self, programs: Sequence[str]) -> list[Result]:
        self.programs += programs
        return [Result("ok", "42\n", "", 0.0) for _ in programs]


def test_tools_run_and_their_output_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    sandbox = Prints42()
    monkeypatch.setattr("mathmill.chat.talk.Sandbox", lambda *_, **__: nullcontext(sandbox))
    words = tokenizer(chat=True)
    model = Scripted(words, [" Let me see.\n```python\nprint(6 * 7)\n```\n```output\nmade up", "So \\boxed{42}."])
    stream = io.StringIO()
    talk(Voice(model, words, True), Options(temperature=0.0, tools=True), io.StringIO("6 * 7?\n"), stream)
    assert sandbox.programs == ["print(6 * 7)"]
    said = "Let me see.\n```python\nprint(6 * 7)\n```\n```output\n42\n```\nSo \\boxed{42}."
    assert stream.getvalue().replace("\n\n```output", "\n```output") == said + "\n\n"
    assert SUFFIXES["tir_en"] in model.asked[0]
    assert model.asked[1].endswith("```output\n42\n```\n")


def test_a_question_without_room_is_said_and_the_talk_goes_on(folders: dict[str, Path]) -> None:
    stream = io.StringIO()
    options = Options(temperature=0.0, max_new_tokens=4)
    talk(load_voice(folders["chat"]), options, io.StringIO("x" * 300 + "\n1 + 1?\n"), stream)
    first, second = stream.getvalue().split("\n\n", 1)
    assert first.startswith("error: the question is 3")
    assert second.strip()


def run(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mathmill.chat", *words]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False)


def test_the_command_answers_piped_questions(folders: dict[str, Path]) -> None:
    done = run(str(folders["chat"]), "--temperature", "0.5", "--max-new-tokens", "5", said="1 + 1?\n2 + 2?\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n\n")
    again = run(str(folders["chat"]), "--temperature", "0.5", "--max-new-tokens", "5", said="1 + 1?\n2 + 2?\n")
    assert again.stdout == done.stdout  # one seed, one talk


@pytest.mark.parametrize("files", [[], ["config.json"]])
def test_a_folder_without_weights_is_named(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path}: not a model folder (config.json and model.safetensors")


def asked(chain: Chain) -> list[str]:
    """Two questions of the chain's own, each as one line."""
    rows = (chain.folder / "data/microworld/questions.jsonl").read_text().splitlines()[:2]
    return [" ".join(json.loads(row)["question"].split()) for row in rows]


def test_the_trained_models_talk(smoke_chain: Chain) -> None:
    said = "".join(f"{question}\n" for question in asked(smoke_chain))
    for words in (["models/rl/grpo", "--greedy"], ["models/pretrain/base"], ["models/sft", "--greedy", "--tools"]):
        done = run(str(smoke_chain.folder / words[0]), *words[1:], "--max-new-tokens", "48", said=said)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n\n") >= 2


@pytest.mark.parametrize("folder", ["models/sft", "models/rl/grpo"])
def test_plain_transformers_asks_with_the_same_tokens(smoke_chain: Chain, folder: str) -> None:
    """The block of docs/models.md, as it stands there; what it asks is what SFT, RL and evaluation ask."""
    document = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    code = document.split("```python\n")[1].split("```")[0].replace("models/rl/grpo", folder)
    scope: dict[str, Any] = {}
    with contextlib.chdir(smoke_chain.folder), contextlib.redirect_stdout(io.StringIO()) as said:
        exec(code, scope)
    ours = load_voice(smoke_chain.folder / folder)
    question = "What is 12 + 30?"
    expected = template.encode_prompt(ours.tokenizer, question, "en", "cot")
    assert scope["inputs"]["input_ids"][0].tolist() == expected
    made = ours.speak(ours.prompt(question, "en", "cot"), Draw(0.0, 1.0, 192), lambda _: None)
    assert said.getvalue() == made.text + "\n"
    # what vLLM reads
    config, words = (json.loads((smoke_chain.folder / folder / f"{name}.json").read_text()) for name in READ)
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["eos_token_id"] == ours.tokenizer.eos_token_id
    assert words["eos_token"] == ours.tokenizer.eos_token
    generation = json.loads((smoke_chain.folder / folder / "generation_config.json").read_text())
    assert generation["eos_token_id"] == ours.tokenizer.eos_token_id
    assert (smoke_chain.folder / folder / "chat_template.jinja").read_text() == template.CHAT_TEMPLATE
