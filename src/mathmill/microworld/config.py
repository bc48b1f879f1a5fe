"""Configuration of stage `microworld`: the embedded default: sizes and shares of the small synthetic web."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class CrawlConfig:
    """The web and its WARC files."""

    hosts: int = option(140, "hosts of the web", ge=12)
    pages: int = option(6600, "HTML pages that answer with status 200, copies included", ge=100)
    math_share: float = option(0.135, "share of mathematics among the pages that are no copies", gt=0, lt=1)
    copies: float = option(0.1, "share of copies among the pages: other URLs, mirrors with small edits", ge=0, lt=0.5)
    extras: float = option(0.07, "further records per page: errors, redirects, images, empty bodies", ge=0, le=1)
    warc_files: int = option(6, "WARC files", ge=1)
    huge_page_bytes: int = option(3_000_000, "size of the one page that is far too large, in bytes; 0: none", ge=0)
    broken_records: bool = option(True, "plant broken records: wrong lengths, garbage, a truncated last member")
    gzip_level: int = option(6, "compression level of the WARC members", ge=1, le=9)


@dataclass
class MathConfig:
    """The problems that pages of mathematics work out; weights are relative."""

    examples: float = option(2.3, "scale of the number of worked examples a page", gt=0)
    drills: float = option(1.0, "mean number of lines of number facts a page", ge=0)
    difficulty: list[float] = option(lambda: [0.3, 0.3, 0.25, 0.15], "weights of the difficulties 1 to 4", ge=0)
    style: dict[str, float] = option(
        lambda: {"worked": 0.85, "short": 0.15}, "weights of how much work the solutions show", ge=0
    )
    other_family: float = option(0.25, "chance that an example is not of the page's own topic", ge=0, le=1)
    redraws: int = option(
        30,
        "how often an example that shares a 10-gram with a benchmark is drawn anew; 0: left for decontamination",
        ge=0,
    )
    planted: int = option(60, "pages that quote benchmark items, to be removed", ge=0)
    planted_parts: dict[str, float] = option(
        lambda: {"question": 0.5, "both": 0.5, "solution": 0.0},
        "weights of what a planted page quotes: the question, question and solution, the solution alone",
        ge=0,
    )
    lookalikes: int = option(60, "pages that resemble benchmark items, to be kept", ge=0)


@dataclass
class SetsConfig:
    """Instruction set, question pool and benchmarks; no question stands in two of them."""

    instruct: int = option(6000, "solved questions for instruction tuning", ge=1)
    questions: int = option(6000, "questions for reinforcement learning", ge=1)
    validation: int = option(400, "questions of the validation benchmark", ge=1)
    test: int = option(1200, "questions of the test benchmark", ge=1)
    chinese: float = option(0.4, "share of Chinese questions in every set", ge=0, le=1)
    instruct_difficulty: list[float] = option(lambda: [0.3, 0.3, 0.25, 0.15], "weights of difficulties 1 to 4", ge=0)
    questions_difficulty: list[float] = option(lambda: [0.3, 0.3, 0.25, 0.15], "weights of difficulties 1 to 4", ge=0)
    benchmark_difficulty: list[float] = option(lambda: [0.3, 0.3, 0.25, 0.15], "weights of difficulties 1 to 4", ge=0)
    families: dict[str, float] = option(dict, "weight of a family of problems in all sets and pages; absent: 1", ge=0)
    formats: dict[str, float] = option(
        lambda: {"cot": 0.7, "pot": 0.15, "tir": 0.15},
        "shares of chain of thought, program of thought and tool-integrated solutions (the paper is silent)",
        ge=0,
    )
    style: dict[str, float] = option(
        lambda: {"worked": 0.5, "short": 0.35, "terse": 0.15}, "weights of how much work a solution shows", ge=0
    )
    planted: int = option(12, "instruct rows that quote a benchmark item, to be removed", ge=0)


@dataclass
class TextConfig:
    """Texts beside the web, in characters."""

    code: int = option(1_200_000, "program files", ge=1)
    algebraic_stack: int = option(400_000, "mathematical programs", ge=1)
    arxiv: int = option(1_200_000, "LaTeX sources of preprints", ge=1)
    general: int = option(1_200_000, "everyday text, English and Chinese", ge=1)
    planted: int = option(6, "texts of each source that quote a benchmark item, to be removed", ge=0)
    seed_documents: int = option(300, "documents of the seed corpus", ge=10)
    seed_noise: float = option(0.05, "share of the seed corpus that is not mathematics", ge=0, lt=1)


@dataclass
class AnnotatorConfig:
    """The person who marks path prefixes as mathematical after a look at some pages."""

    sample: int = option(8, "pages looked at for each prefix", ge=1)
    few: int = option(3, "a prefix with fewer pages is not worth a look", ge=1)
    error: float = option(0.04, "chance of judging a page wrongly", ge=0, lt=0.5)
    missed: int = option(2, "mathematical prefixes overlooked", ge=0)
    too_broad: int = option(1, "hosts marked as a whole though only a part is mathematics", ge=0)


@dataclass
class MicroworldConfig:
    """Section `microworld` of the configuration."""

    seed: int = option(0, "seed of everything that the microworld draws", ge=0)
    crawl: CrawlConfig = option(CrawlConfig, "the web and its WARC files")
    math: MathConfig = option(MathConfig, "the problems on the pages")
    sets: SetsConfig = option(SetsConfig, "instruction set, questions, benchmarks")
    text: TextConfig = option(TextConfig, "texts beside the web")
    annotator: AnnotatorConfig = option(AnnotatorConfig, "the simulated annotator of path prefixes")
