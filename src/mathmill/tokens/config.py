"""Configuration of stage `tokens`: the tokenizer, and the texts as integers."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class TokensConfig:
    """Section `tokens` of the configuration."""

    seed: int = option(0, "seed of the choice of texts that the tokenizer is trained on", ge=0)
    base_checkpoint: str | None = option(
        None, "Hugging Face folder whose tokenizer is taken; null: one is trained on the clean texts"
    )
    vocab: int = option(
        1536, "tokens of a trained tokenizer, 256 bytes and three special ones included", ge=259, le=10_000_000
    )
    min_frequency: int = option(2, "how often a pair must occur to become a token", ge=1)
    weights: dict[str, float] = option(
        lambda: {"corpus": 0.5, "instruct": 0.2, "code": 0.15, "general": 0.1, "arxiv": 0.05},
        "source (or `instruct`) -> share of the characters that the tokenizer is trained on",
        ge=0,
    )
    characters: int = option(4_000_000, "characters that the tokenizer is trained on", ge=1)
    bos: bool = option(True, "begin every document with bos (all end with eos); the paper is silent")
    heldout: float = option(
        0.02,
        "share of each source's documents, by hash of the id, kept for bits per byte and never trained on",
        ge=0,
        lt=1,
    )
