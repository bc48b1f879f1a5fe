"""The tokenizer: byte-level BPE with every digit a token of its own, or the one of a base checkpoint."""

from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from mathmill.tokens.config import TokensConfig
from mathmill.tokens.texts import INSTRUCT, chance, documents, is_heldout, sources
from mathmill.training.model import load_tokenizer
from mathmill.workflow.errors import ConfigError, UserError
from mathmill.workflow.files import read_jsonl

BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"


def train(clean: Path, config: TokensConfig) -> PreTrainedTokenizerFast:
    """Byte-level BPE on the clean texts, mixed by config.weights; the same texts give the same tokenizer.

    Digits are split one by one (as in the paper's model family), so a number's tokens are its digits. Any text comes
    back unchanged from its tokens. bos is put before an encoded text as the released models do (paper 3, README).
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab,
        min_frequency=config.min_frequency,
        special_tokens=[BOS, EOS, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample(clean, config), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
    )


def from_checkpoint(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a Hugging Face folder; one without an end-of-text token raises UserError."""
    tokenizer = load_tokenizer(folder)
    if tokenizer.eos_token_id is None:
        raise UserError(f"{folder}: its tokenizer has no eos token, which ends documents and answers")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def sample(clean: Path, config: TokensConfig) -> Iterator[str]:
    """Texts to train on: of each source its weight's share of config.characters, held-out documents left out.

    A source that is smaller than its share is repeated; a larger one gives a sample by hash of the id.
    """
    files = sources(clean)
    if unknown := sorted(set(config.weights) - set(files) - {INSTRUCT}):
        raise ConfigError(f"tokens.weights.{unknown[0]}: no such source; there are {', '.join([*files, INSTRUCT])}")
    total = sum(config.weights.values())
    if total <= 0:
        raise ConfigError("tokens.weights: at least one weight must be positive")
    for source in sorted(config.weights):
        size = sum(len(text) for _, text in _trained_on(clean, source, files, config.heldout))
        wanted = config.characters * config.weights[source] / total
        if not size or not wanted:
            continue
        times, rest = divmod(wanted / size, 1)
        for id, text in _trained_on(clean, source, files, config.heldout):
            for _ in range(int(times) + (chance("sample", config.seed, source, id) < rest)):
                yield text


def _trained_on(clean: Path, source: str, files: dict[str, list[Path]], heldout: float) -> Iterator[tuple[str, str]]:
    """(id, text) of a source's documents that are not held out."""
    if source == INSTRUCT:
        for number, row in enumerate(read_jsonl(Path(clean) / "instruct.jsonl")):
            yield str(row.get("id", number)), f"User: {row['question']}\n\nAssistant: {row['solution']}"
        return
    for file in files[source]:
        for id, text in documents(file):
            if not is_heldout(source, id, heldout):
                yield id, text
