import json
import random
from pathlib import Path

import pytest

from mathmill.workflow.files import write_jsonl, write_parquet
from mathmill.workflow.tables import TEXT

WORDS = (
    "the sum of 12 and 345 is 357, so x = 7",
    "小明 有 3 个 苹果",
    "def f(x): return x + 1",
)


def texts(source: str, count: int, seed: int = 0) -> list[dict[str, str]]:
    rng = random.Random(f"{source}{seed}")
    return [
        {
            "id": f"{source}-{number}",
            "text": " ".join(rng.choices(" ".join(WORDS).split(), k=rng.randint(5, 60))),
            "source": source,
            "lang": "en",
            "meta": json.dumps({}),
        }
        for number in range(count)
    ]


@pytest.fixture(scope="session")
def clean(tmp_path_factory) -> Path:
    """data/clean in small: two sources, one in two shards, an empty text, an instruction set."""
    folder = tmp_path_factory.mktemp("data") / "clean"
    corpus = texts("corpus", 200)
    corpus[3]["text"] = ""
    corpus[4]["text"] = "a text that spells <|eos|> and <|bos|>"
    write_parquet(folder / "corpus" / "part-00000.parquet", corpus[:120], TEXT())
    write_parquet(folder / "corpus" / "part-00001.parquet", corpus[120:], TEXT())
    write_parquet(folder / "code" / "part-00000.parquet", texts("code", 60), TEXT())
    rows = [
        {"id": f"i{n}", "question": f"What is {n} + 1?", "solution": f"It is \\boxed{{{n + 1}}}."} for n in range(50)
    ]
    write_jsonl(folder / "instruct.jsonl", rows)
    return folder
