"""python -m mathmill.report.summary: the last run in a screenful, from reports/summary.json."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mathmill.report.gather import Facts

SUMMARY = "reports/summary.json"


def summarise(facts: "Facts") -> dict[str, Any]:
    """The figures of the summary: every leaf is {value, source} with low and high where there is an interval."""
    corpus = facts.corpus
    return {
        "corpus": None
        if corpus is None
        else {
            "rounds": [{name: fact.as_json() for name, fact in sorted(one.facts.items())} for one in corpus.rounds],
            "final": {name: fact.as_json() for name, fact in sorted(corpus.final.items())},
            "labelled": None
            if corpus.labelled is None
            else {name: fact.as_json() for name, fact in sorted(corpus.labelled.facts.items())},
            "planted": {
                source: {"there": there.as_json(), "removed": gone.as_json()}
                for source, (there, gone) in sorted(corpus.planted.items())
            },
            "decontamination": {name: fact.as_json() for name, fact in sorted(corpus.decontamination.items())},
        },
        "baselines": {name: one.overall.as_json() for name, one in facts.baselines.items()},
        "models": [
            {
                "name": name,
                "format": model.format,
                "items": model.items.as_json(),
                "main": name in facts.main,
                **{mode: fact.as_json() for mode, fact in model.accuracy.items()},
                "bits_per_byte": {kind: fact.as_json() for kind, fact in model.bits_per_byte.items()},
            }
            for name, model in facts.models.items()
        ],
        "differences": [
            {
                "before": one.before,
                "after": one.after,
                "accuracy": one.accuracy.as_json(),
                "wins": one.wins.as_json(),
                "losses": one.losses.as_json(),
                "p_value": one.p_value.as_json(),
            }
            for one in facts.differences
        ],
        "ablations": [
            {
                "name": one.comparison.name,
                "title": one.comparison.title,
                "difference": one.difference.accuracy.as_json(),
                "verdict": one.verdict,
                "paper": {
                    name: {"value": round(after - before, 1), "source": one.comparison.source}
                    for name, (before, after) in one.comparison.paper.items()
                },
            }
            for one in facts.ablations
        ],
        "reinforcement": {
            one.method: {name: fact.as_json() for name, fact in one.final.items()} for one in facts.reinforcement
        },
        "missing": facts.missing,
    }


def to_text(summary: dict[str, Any]) -> str:
    """The summary as a table for a terminal of 80 columns."""
    lines: list[str] = []
    if summary["corpus"]:
        lines += _corpus_lines(summary["corpus"])
    lines += _model_lines(summary)
    lines += [
        f"  {one['after']} minus {one['before']}, paired: {_interval(one['accuracy'], sign=True)} points"
        for one in summary["differences"]
    ]
    if summary["ablations"]:
        lines += ["", "Ablations (one seed)            difference in points"]
    for one in summary["ablations"]:
        paper = ", ".join(f"{name} {fact['value']:+.1f}" for name, fact in one["paper"].items())
        lines.append(f"  {one['title'].split(',')[0]:<29} {_interval(one['difference'], sign=True)}")
        lines.append(f"    {one['verdict']}; paper: {paper}")
    lines += ["", "Next: reports/index.html (the report), `make ui` (runs in MLflow), README.md (what to change)", ""]
    return "\n".join(lines)


def _corpus_lines(corpus: dict[str, Any]) -> list[str]:
    """The rounds; recall and precision only where a ground truth or labels say them."""
    known = "recall" in corpus["final"]
    lines = ["", "Corpus                        recall  precision    pages" if known else f"{'Corpus':<47} pages"]
    for number, one in enumerate(corpus["rounds"], start=1):
        lines.append(_corpus_line(f"round {number}", one))
    lines.append(_corpus_line("final", corpus["final"]))
    if not known and corpus["labelled"] is None:
        lines.append("  no ground truth for this crawl; `python -m mathmill.corpus sample` draws pages to label")
    for name in ("recall", "precision") if corpus["labelled"] else ():
        lines.append(f"  {name + ' by hand labels':<27}{_interval(corpus['labelled'][name])}")
    if corpus["decontamination"]:
        clean = {name: fact["value"] for name, fact in corpus["decontamination"].items()}
        there, gone = (sum(pair[key]["value"] for pair in corpus["planted"].values()) for key in ("there", "removed"))
        lines.append(
            f"  planted benchmark quotations cut out: {gone} of {there}; "
            f"look-alike pages kept: {clean['lookalikes_kept']} of {clean['lookalikes']}"
        )
    return lines


def _corpus_line(label: str, one: dict[str, Any]) -> str:
    pages = f"{one['pages']['value']:,.0f}" if "pages" in one else ""
    recall, precision = (_percent(one[name]) if name in one else "" for name in ("recall", "precision"))
    return f"  {label:<27}{recall:>7} {precision:>10} {pages:>8}"


def _model_lines(summary: dict[str, Any]) -> list[str]:
    if not summary["models"]:
        return []
    items = summary["models"][0]["items"]["value"]
    lines = ["", f"Accuracy on {items:,.0f} held-out problems   %   (95 % interval)"]
    names = {"random": "random answer", "frequent": "most frequent answer", "frequent_in_family": "... of the family"}
    for key, label in names.items():
        if key in summary["baselines"]:
            lines.append(f"  {label:<27}{_interval(summary['baselines'][key])}")
    for model in summary["models"]:
        if model["main"]:
            mode = "strict" if model["format"] == "chat" else "lenient"
            label = model["name"] if mode == "strict" else f"{model['name']} (any final answer)"
            lines.append(f"  {label:<27}{_interval(model[mode])}")
    return lines


def _percent(fact: dict[str, float]) -> str:
    return f"{100 * fact['value']:.1f}"


def _interval(fact: dict[str, float], sign: bool = False) -> str:
    plus = "+" if sign else ""
    text = f"{100 * fact['value']:{plus}6.1f}"
    return f"{text}  ({100 * fact['low']:{plus}.1f} to {100 * fact['high']:{plus}.1f})" if "low" in fact else text


def main() -> None:
    """Print the summary; exit code 2 with the command that makes it where there is none."""
    from mathmill.workflow.errors import UserError, exit_plainly
    from mathmill.workflow.files import read_json
    from mathmill.workflow.project import find_root

    with exit_plainly():
        path: Path = find_root() / SUMMARY
        if not path.is_file():
            raise UserError(f"{SUMMARY}: no such file; `make reproduce` makes it (or `dvc repro report`)")
        try:
            text = to_text(read_json(path))
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{SUMMARY}: written by another version of mathmill ({type(error).__name__}: {error}); "
                "`dvc repro report` (or `make reproduce`) writes it anew"
            ) from None
        print(text)


if __name__ == "__main__":
    main()
