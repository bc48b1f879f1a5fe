"""Configuration of stage `corpus`: the rounds that find pages of a domain: classifier, cut, hosts, seed (paper 2.1)."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class ClassifierConfig:
    """The fastText classifier of a round; scale 7b holds the paper's values."""

    dim: int = option(256, "size of the word vectors; paper: 256", ge=1)
    lr: float | None = option(
        0.1, "learning rate; paper: 0.1; null: from the number of updates (corpus/schedule.py, rule of updates)", gt=0
    )
    word_ngrams: int = option(3, "longest word n-gram; paper: 3", ge=1)
    min_count: int = option(3, "words that occur less often are dropped; paper: 3", ge=1)
    epochs: int | None = option(3, "passes over the training set; paper: 3; null: from min_updates", ge=1)
    min_updates: int = option(
        100_000, "without epochs: as many passes as make this many updates (fastText makes one a row)", ge=1
    )
    bucket: int = option(2_000_000, "hash slots of n-grams; the paper is silent, this is the library's default", ge=1)
    row_words: int | None = option(
        None, "documents are cut into training rows of this many words; null: a document is a row", ge=1
    )
    threads: int | None = option(
        1, "threads of training; 1: equal bytes every time; null: all cores, faster, and other bytes in every run", ge=1
    )
    numbers: str = option("keep", "keep numbers, or map each to 0; the paper is silent", choices=["keep", "zero"])
    max_positives: int = option(
        500_000, "documents of the seed (and its growth) in a training set; paper: 500,000", ge=2
    )
    negatives: float = option(1.0, "pages of the pool for each positive; paper: 1", gt=0)
    exclude: str = option(
        "collected",
        "pages that are no negatives: none; seed (the seed's growth); collected (also what the round before "
        "collected). The paper is silent",
        choices=["none", "seed", "collected"],
    )
    dev_share: float = option(0.1, "share of the documents held out to measure the classifier", gt=0, lt=1)
    min_spread: float = option(
        0.05, "least distance between the 10th and 90th percentile of held-out scores; below, training has failed", ge=0
    )
    calibration_bins: int = option(10, "bins of score in which held-out documents are counted by class", ge=2)
    max_chars: int | None = option(None, "only the first characters of a page are read; null: all; paper: silent", ge=1)


@dataclass
class CorpusConfig:
    """Section `corpus` of the configuration."""

    seed_corpus: list[str] | None = option(
        None, "parquet or JSON lines files with a column `text`: the first positives; null: the microworld's"
    )
    annotations: str | None = option(
        None, "YAML list of {prefix: host/path}: paths that a person marked as belonging; null: the microworld's"
    )
    rounds: int = option(4, "most rounds; paper: 4", ge=1)
    classifier: ClassifierConfig = option(ClassifierConfig, "the classifier")
    budget_tokens: list[int] | None = option(
        None, "tokens that each round collects (the last value for all further rounds); or null", ge=1
    )
    budget_share: list[float] | None = option(
        lambda: [0.2], "the same as shares of the tokens of all pages; exactly one of the two is given", gt=0, le=1
    )
    bins: int = option(65_536, "bins (of log odds) of the histogram from which the threshold is read", ge=2)
    host_share: float = option(
        0.1, "a host is flagged when more than this share of its pages is collected; paper: 0.1", ge=0, lt=1
    )
    prefix_depth: int = option(
        1, "path steps of the prefixes that are listed for annotation; the paper is silent", ge=1
    )
    samples: int = option(3, "pages shown for each listed prefix", ge=0)
    sample_chars: int = option(100, "characters shown of a sample's title and of each formula", ge=10)
    stop_overlap: float = option(
        0.98, "stop when this share of a round was collected in the round before; paper: 0.98", gt=0, le=1
    )
    overlap_unit: str = option("tokens", "what the overlap counts; the paper is silent", choices=["pages", "tokens"])
    seed: int = option(0, "draws the negatives and the held-out documents, and starts the classifier", ge=0)

    def faults(self) -> dict[str, str]:
        """The two ways to give a budget exclude each other."""
        if bool(self.budget_tokens) != bool(self.budget_share):
            return {}
        return {"budget_share": "give exactly one of budget_share and budget_tokens (a list), and null for the other"}
