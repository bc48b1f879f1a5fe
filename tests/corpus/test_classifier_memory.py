"""fastText leaves most of its matrix as it was allocated: see `_zeroed_memory`."""

import hashlib
import subprocess
import sys
from pathlib import Path

CODE = """
import random, sys
from pathlib import Path
from mathmill.corpus.classifier import train
from mathmill.corpus.config import ClassifierConfig
from mathmill.corpus.documents import Document, Examples

# Memory that was in use before: large blocks, freed in many sizes, full of numbers that are no weights.
for size in (1 << 22, 1 << 23, 1 << 24):
    block = [bytearray(b"\\xfe\\xff\\x7f\\x7f" * (size // 4)) for _ in range(int(sys.argv[2]))]
    del block
random.seed(0)
def text(words):
    return " ".join(random.choice(words) for _ in range(60))
examples = Examples(
    [Document(f"yes{n}", text("sum prime proof angle root".split())) for n in range(40)],
    [Document(f"no{n}", text("cake oven butter sugar flour".split())) for n in range(40)],
)
params = ClassifierConfig(dim=16, lr=0.1, word_ngrams=1, min_count=1, epochs=8, bucket=50_000)
train(examples, params, 0, Path(sys.argv[1]) / "model.bin", Path(sys.argv[1]) / "rows.txt")
"""


def test_the_model_does_not_depend_on_what_the_memory_held_before(tmp_path: Path) -> None:
    digests = set()
    for blocks in ("0", "3", "5"):
        folder = tmp_path / blocks
        folder.mkdir()
        subprocess.run([sys.executable, "-c", CODE, str(folder), blocks], check=True, timeout=60)
        digests.add(hashlib.md5((folder / "model.bin").read_bytes()).hexdigest())
    assert len(digests) == 1
