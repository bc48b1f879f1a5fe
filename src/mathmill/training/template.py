r"""The chat template of the released models (paper 3, README): `User: {q}{suffix}\n\nAssistant: {a}<eos>`.

A suffix asks for a form of answer. Which suffixes a model was tuned with is written into its tokenizer, so that
reinforcement learning and evaluation ask exactly as instruction tuning did.
"""

import re
from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedTokenizerFast

FORMATS = ("cot", "pot", "tir")

# Jinja of the same strings, for plain transformers' apply_chat_template.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\n\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}"
    "{% elif message['role'] == 'system' %}{{ message['content'] + '\n\n' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)

_SUFFIXES = "mathmill_suffixes"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def language_of(text: str) -> str:
    """`zh` where a text has Chinese characters, else `en`: the languages that there are suffixes for."""
    return "zh" if _CHINESE.search(text) else "en"


def suffix_key(lang: str, format: str) -> str:
    """The key of a suffix in the configuration, such as `cot_en`; languages other than zh use the English one."""
    return f"{format}_{'zh' if lang.startswith('zh') else 'en'}"


def prompt(question: str, lang: str = "en", format: str = "cot", suffixes: Mapping[str, str] | None = None) -> str:
    r"""What the model reads before it answers, without bos: `User: {question}{suffix}\n\nAssistant:`."""
    return f"User: {question}{(suffixes or {}).get(suffix_key(lang, format), '')}\n\nAssistant:"


def answer(text: str, eos: str) -> str:
    """What follows the prompt in a training example: a space, the answer, eos."""
    return f" {text}{eos}"


def messages(
    question: str, lang: str = "en", format: str = "cot", suffixes: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """The same question for apply_chat_template."""
    return [{"role": "user", "content": question + (suffixes or {}).get(suffix_key(lang, format), "")}]


def attach(tokenizer: PreTrainedTokenizerFast, suffixes: Mapping[str, str]) -> None:
    """Give `tokenizer` the chat template and the suffixes; both are saved with it (tokenizer_config.json)."""
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.init_kwargs[_SUFFIXES] = dict(suffixes)


def suffixes_of(tokenizer: PreTrainedTokenizerFast) -> dict[str, str]:
    """The suffixes that `attach` wrote, also after saving and loading; none for a tokenizer without."""
    found: Any = tokenizer.init_kwargs.get(_SUFFIXES, {})
    return dict(found)


def encode_prompt(
    tokenizer: PreTrainedTokenizerFast, question: str, lang: str = "en", format: str = "cot"
) -> list[int]:
    """Token ids of bos (where the tokenizer has one) and the prompt, with the suffixes that the tokenizer carries."""
    text = prompt(question, lang, format, suffixes_of(tokenizer))
    bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    return [*bos, *tokenizer.encode(text, add_special_tokens=False)]
