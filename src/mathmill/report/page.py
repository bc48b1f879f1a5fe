"""The page: one section after the other, in the order of the paper."""

from html import escape
from urllib.parse import quote

from mathmill.report import html, over_seeds, reward_models
from mathmill.report.config import ReportConfig
from mathmill.report.facts import Fact
from mathmill.report.figures import Drawn
from mathmill.report.gather import Facts
from mathmill.report.html import number, percent
from mathmill.report.ledger import Row
from mathmill.report.page_claims import claims_section
from mathmill.report.page_corpus import corpus_section
from mathmill.report.page_models import ablation_section, evaluation_section, rewards_table, rollouts_section
from mathmill.report.text import LIMITS, PURPOSE

SECTIONS = {
    "corpus": "The corpus",
    "pretraining": "Pre-training",
    "ablations": "Ablations beside the paper",
    "evaluation": "Evaluation",
    "reinforcement": "Reinforcement learning",
    "seeds": "Comparisons over seeds",
    "samples": "Samples",
    "limits": "What a simulation can and cannot say",
    "claims": "Claims of the paper",
}


def render(facts: Facts, drawn: dict[str, list[Drawn]], config: ReportConfig, rows: list[Row]) -> str:
    """The whole HTML document."""
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title in SECTIONS.items())
    body = "\n".join(
        [
            f'<header><h1>mathmill: report</h1><p class="lead">{PURPOSE}</p><nav>{links}</nav></header>',
            f"<main>{_cards(facts)}",
            html.section(
                "corpus",
                SECTIONS["corpus"],
                *corpus_section(facts.corpus, drawn["corpus"]),
                *([runs(config, "tags.stage = 'corpus'")] if facts.corpus else []),
            ),
            html.section("pretraining", SECTIONS["pretraining"], *_pretraining(facts, drawn["pretraining"], config)),
            html.section("ablations", SECTIONS["ablations"], *ablation_section(facts, drawn["ablations"])),
            html.section(
                "evaluation",
                SECTIONS["evaluation"],
                *evaluation_section(facts, drawn["evaluation"]),
                runs(config, "tags.stage = 'evaluate'"),
            ),
            html.section(
                "reinforcement",
                SECTIONS["reinforcement"],
                *reward_models.section(facts.reward_models, drawn["reward"]),
                *_reinforcement(facts, drawn["reinforcement"], config),
            ),
            html.section("seeds", SECTIONS["seeds"], *_comparisons(facts, drawn)),
            html.section("samples", SECTIONS["samples"], *_samples(facts), *rollouts_section(facts, config.rollouts)),
            html.section("limits", SECTIONS["limits"], "<ul>" + "".join(f"<li>{one}</li>" for one in LIMITS) + "</ul>"),
            html.section("claims", SECTIONS["claims"], *claims_section(rows, config)),
            "</main>",
        ]
    )
    return html.page("mathmill: report", body)


def runs(config: ReportConfig, query: str) -> str:
    """A link to the runs behind a section, in the MLflow UI that `make ui` starts."""
    address = f"{config.mlflow_url}/#/experiments/{config.experiment}/runs?searchFilter={quote(query)}"
    return (
        f'<p><small>Runs: <a href="{escape(address, quote=True)}">{escape(query)}</a> '
        "in the MLflow UI (<code>make ui</code>).</small></p>"
    )


def _cards(facts: Facts) -> str:
    """The key figures at the top."""
    cards: list[tuple[str, Fact, str]] = []
    if facts.corpus and facts.corpus.has_truth:
        cards += [
            (percent(facts.corpus.final["recall"]), facts.corpus.final["recall"], "recall of mathematics pages, %"),
            (percent(facts.corpus.final["precision"]), facts.corpus.final["precision"], "precision of the corpus, %"),
        ]
    for name in facts.main:
        model = facts.models[name]
        if model.format == "chat":
            strict = model.accuracy["strict"]
            cards.append((percent(strict), strict, f"{escape(name)}: held-out accuracy, %"))
    for one in facts.differences:
        text = percent(one.accuracy, sign=True)
        cards.append((text, one.accuracy, f"{escape(one.after)} minus {escape(one.before)}, points"))
    filled = "".join(
        f'<div class="card"><b>{value.partition(" <small")[0]}</b><span class="what">{label}{_ends(value)}</span></div>'
        for value, _, label in cards
    )
    return f'<div class="cards">{filled}</div>' if cards else ""


def _ends(value: str) -> str:
    _, small, rest = value.partition(" <small")
    return f"<br><small{rest}" if small else ""


def _pretraining(facts: Facts, drawn: list[Drawn], config: ReportConfig) -> list[str]:
    if not facts.pretraining:
        return [html.missing("Pre-training", "dvc repro pretrain")]
    kinds = list(dict.fromkeys(kind for one in facts.pretraining for kind in one.bits_per_byte))
    rows = []
    for one in facts.pretraining:
        loss = one.loss.series.get("loss", [])
        last = Fact(loss[-1][1], one.loss.source) if loss else None
        rows.append(
            [
                escape(one.run),
                number(one.tokens) if one.tokens else "",
                number(last, 3) if last else "",
                *(number(one.bits_per_byte[kind], 3) if kind in one.bits_per_byte else "" for kind in kinds),
            ]
        )
    header = ["run", "tokens", "last loss", *(escape(kind) for kind in kinds)]
    parts = [
        html.table(header, rows, "Bits per byte of held-out text by source; fewer is better."),
        html.figures(drawn),
    ]
    sources = list(dict.fromkeys(key for one in facts.pretraining for key in one.epochs))
    if sources:
        passes = [
            [escape(one.run), *(number(one.epochs[key], 2) if key in one.epochs else "" for key in sources)]
            for one in facts.pretraining
        ]
        parts.append(html.table(["run", *map(escape, sources)], passes, "Passes over each source."))
    return [*parts, runs(config, "tags.stage = 'pretrain'")]


def _reinforcement(facts: Facts, drawn: list[Drawn], config: ReportConfig) -> list[str]:
    if not facts.reinforcement:
        return [html.missing("Reinforcement learning", "dvc repro rl")]
    parts = []
    for one in facts.reinforcement:
        rows = [
            [escape(key.replace("_", " ")), number(fact, 0 if fact.value > 1 else 3)] for key, fact in one.final.items()
        ]
        parts.append(f"<h3>{escape(one.method.upper())}</h3>")
        parts.append(html.table(["closing figures", ""], rows))
        parts.append(html.figures([figure for figure in drawn if figure.stem.startswith(f"rl_{one.method}_")]))
        parts += rewards_table(one.samples[: 4 * config.rollouts])
    return [*parts, runs(config, "tags.stage = 'rl'")]


def _comparisons(facts: Facts, drawn: dict[str, list[Drawn]]) -> list[str]:
    if not facts.over_seeds:
        return [html.missing("Comparisons over seeds", "make compare name=figure5")]
    return over_seeds.section(facts.over_seeds, drawn)


def _samples(facts: Facts) -> list[str]:
    if facts.corpus is None or not facts.corpus.samples:
        return []
    pages = [
        f"<h4><code>{escape(page['url'])}</code></h4>{html.text_block(page['text'], page['lang'])}"
        for page in facts.corpus.samples
    ]
    return ["<h3>Pages of the corpus</h3>", *pages]
