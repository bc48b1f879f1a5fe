"""The sections about models: evaluation, ablations, completions side by side."""

from html import escape
from typing import Any

from mathmill.report import html
from mathmill.report.facts import Fact
from mathmill.report.figures import Drawn
from mathmill.report.gather import Facts
from mathmill.report.html import number, percent
from mathmill.report.maj_pass import gains_table
from mathmill.report.models import BASELINES, Difference
from mathmill.report.paper import INSTRUCT_TO_RL, INSTRUCT_TO_RL_SOURCE


def evaluation_section(facts: Facts, drawn: list[Drawn]) -> list[str]:
    """Accuracy of the main chain with baselines, by language and family, and the paired differences."""
    if not facts.main:
        return [html.missing("Evaluation", "dvc repro evaluate")]
    items = facts.models[facts.main[0]].items
    parts = [
        html.paragraph(
            f"{number(items)} held-out problems, greedy decoding. Strict counts boxed answers only; lenient takes any "
            "final answer. Base models continue a page, tuned models use the chat template; the columns of languages, "
            "families and difficulties are strict for tuned models and lenient for base models. Small print: "
            "intervals (Wilson)."
        ),
        _accuracy_table(facts),
    ]
    for one in facts.differences:
        parts.append(html.paragraph(difference_sentence(one)))
    if facts.differences:
        paper = ", ".join(f"{name} {after - before:+.1f}" for name, (before, after) in INSTRUCT_TO_RL.items())
        parts.append(
            html.paragraph(
                f"In the paper, RL over instruction tuning at 7B: {paper} points ({INSTRUCT_TO_RL_SOURCE}); another "
                "model, other problems: only the direction compares."
            )
        )
    for one in facts.differences:
        parts += gains_table(facts.gains.get(one.after, {}), one.before, one.after)
    parts += [html.figures(drawn), _bits_table(facts), "<h3>By family</h3>", _group_table(facts, "by_family", "family")]
    parts += ["<h3>By difficulty</h3>", _group_table(facts, "by_difficulty", "difficulty")]
    return parts


def difference_sentence(one: Difference) -> str:
    """A paired comparison in words."""
    fact, after, before = one.accuracy, escape(one.after), escape(one.before)
    clear = fact.low is not None and fact.high is not None and not fact.low <= 0 <= fact.high
    verdict = '<span class="yes">clear of zero</span>' if clear else '<span class="no">not clear of zero</span>'
    return (
        f"{after} minus {before}, paired on the same problems: {percent(fact, sign=True)} points, {verdict}. "
        f"Only {after} solves {number(one.wins)}, only {before} {number(one.losses)}; "
        f"exact McNemar p = {number(one.p_value, 3)}."
    )


def _accuracy_table(facts: Facts) -> str:
    langs = sorted({lang for name in facts.main for lang in facts.models[name].groups["by_lang"]})
    rows = []
    for key, baseline in facts.baselines.items():
        cells = [_maybe(baseline.by_lang.get(lang)) for lang in langs]
        rows.append([BASELINES[key], percent(baseline.overall), "", *cells, "", ""])
    for name in facts.main:
        model = facts.models[name]
        rows.append(
            [
                f"<b>{escape(name)}</b>",
                percent(model.accuracy["strict"]),
                percent(model.accuracy["lenient"]),
                *(_maybe(model.groups["by_lang"].get(lang)) for lang in langs),
                percent(model.truncated),
                number(model.tokens),
            ]
        )
    header = ["", "strict, %", "lenient, %", *(f"{escape(lang)}, %" for lang in langs), "cut off, %", "tokens"]
    return html.table(header, rows)


def _bits_table(facts: Facts) -> str:
    kinds = {
        "page": "page",
        "page_untrained": "page, untrained model",
        "solution": "solution given the question",
        "solution_untrained": "the same, untrained model",
    }
    rows = [
        [escape(name), *(number(bits[kind], 3) if kind in bits else "" for kind in kinds)]
        for name, model in facts.models.items()
        if (bits := model.bits_per_byte)
    ]
    if not rows:
        return ""
    return "<h3>Bits per byte of held-out mathematics</h3>" + html.table(
        ["model", *kinds.values()], rows, "Reference solutions of the benchmark; fewer is better."
    )


def _group_table(facts: Facts, group: str, title: str) -> str:
    names = list(dict.fromkeys(key for name in facts.main for key in facts.models[name].groups[group]))
    rows = []
    for key in sorted(names):
        known = [one.by_family[key] for one in facts.baselines.values() if key in one.by_family]
        best = percent(max(known, key=lambda fact: fact.value)) if known else ""
        cells = [_maybe(facts.models[name].groups[group].get(key)) for name in facts.main]
        rows.append([escape(key), *([best] if group == "by_family" else []), *cells])
    extra = ["best baseline, %"] if group == "by_family" else []
    return html.table([title, *extra, *(f"{escape(name)}, %" for name in facts.main)], rows)


def _maybe(fact: Fact | None) -> str:
    return percent(fact) if fact else ""


def ablation_section(facts: Facts, drawn: list[Drawn]) -> list[str]:
    """Our paired differences beside the paper's."""
    if not facts.ablations:
        return [html.missing("The ablations", "dvc repro evaluate")]
    rows, notes = [], []
    for one in facts.ablations:
        paper = "<br>".join(f"{name} {after - before:+.1f}" for name, (before, after) in one.comparison.paper.items())
        bits = f"{number(one.bits_per_byte[0], 3)} / {number(one.bits_per_byte[1], 3)}" if one.bits_per_byte else ""
        rows.append(
            [
                escape(one.comparison.title),
                f"{percent(one.accuracy[0])}",
                f"{percent(one.accuracy[1])}",
                percent(one.difference.accuracy, sign=True),
                bits,
                f'<span title="{escape(one.comparison.source, quote=True)}">{paper}</span>',
                escape(one.verdict),
            ]
        )
        notes.append(f"<li>{escape(one.comparison.caveat)} ({escape(one.comparison.source)})</li>")
    header = [
        "with, instead of without",
        "without, %",
        "with, %",
        "difference, points",
        "bits per byte",
        "paper, points",
        "",
    ]
    return [
        html.paragraph("Equal token budgets, one seed each, lenient extraction (base models have not learned to box)."),
        html.table(header, rows),
        f"<ul>{''.join(notes)}</ul>",
        html.figures(drawn),
    ]


def rollouts_section(facts: Facts, count: int) -> list[str]:
    """The same problems answered by every model of the main chain."""
    if not facts.main or not count:
        return []
    first = facts.models[facts.main[0]].examples[:count]
    parts = ["<h3>Completions</h3>"] if first else []
    for place, example in enumerate(first):
        parts.append(
            f"<details{' open' if place == 0 else ''}><summary>{escape(example['question'])} "
            f"<small>expected: {escape(example['answer'])}</small></summary>"
        )
        for name in facts.main:
            answers = facts.models[name].examples
            if place < len(answers) and answers[place]["id"] == example["id"]:
                mark = (
                    '<span class="yes">right</span>' if answers[place]["correct"] else '<span class="no">wrong</span>'
                )
                parts.append(f"<h4>{escape(name)}: {mark}</h4>{html.text_block(answers[place]['text'])}")
        parts.append("</details>")
    return parts


def rewards_table(samples: list[dict[str, Any]]) -> list[str]:
    """Outputs of the last step of reinforcement learning, with what each earned."""
    if not samples:
        return []
    parts = ["<details><summary>Outputs of the last step, with what each earned</summary>"]
    question = None
    for sample in samples:
        if sample["question"] != question:
            question = sample["question"]
            parts.append(f"<h4>{escape(question)} <small>expected: {escape(sample['expected'])}</small></h4>")
        parts.append(f"<small>reward {sample['reward']:g} (steps: {escape(sample['steps'])})</small>")
        parts.append(html.text_block(sample["output"]))
    return [*parts, "</details>"]
