"""Formulas recovered from the microworld's pages, against its ground truth, by family of markup.

    python benchmarks/formulas.py --microworld data/microworld

A formula counts as recovered where it stands in the text of its page: as `$..$` in families that carry TeX or MathML,
as the site typed it where the site has no more than text (sup_sub, unicode, code). TeX is compared without white space
that TeX does not read and with one name for each symbol, for MathML has neither. `twice`: found more often than it is
there. Prints JSON.
"""

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from mathmill.microworld.formula import parse_tex
from mathmill.microworld.mathml import program_text, sup_sub_html, unicode_text
from mathmill.pages.charset import decode
from mathmill.pages.html import page_text
from mathmill.pages.warc import Response, responses
from mathmill.workflow.files import read_parquet

_FORMULA = re.compile(r"\$\$(.*?)\$\$|\$([^$\n]+)\$")
_NAMES = {
    "le": "leq",
    "ge": "geq",
    "ne": "neq",
    "lt": "<",
    "gt": ">",
    "dots": "ldots",
    "dfrac": "frac",
    "tfrac": "frac",
}
_PARTS = re.compile(r"\\([a-zA-Z]+)|\\[,;:! ]|\s+")


def _scripts(tex: str) -> str:
    html = sup_sub_html(parse_tex(tex))
    return re.sub(r"<sub>(.*?)</sub>", r"_{\1}", re.sub(r"<sup>(.*?)</sup>", r"^{\1}", html))


# Families that write no TeX and no MathML: what stands in the page is the formula as text.
TYPED = {
    "sup_sub": _scripts,
    "unicode": lambda tex: unicode_text(parse_tex(tex)),
    "code": lambda tex: program_text(parse_tex(tex)),
}


def key(tex: str) -> str:
    """TeX without insignificant white space, one name a symbol, no braces around a single character."""
    tex = _PARTS.sub(lambda match: f"\\{_NAMES.get(match.group(1), match.group(1))} " if match.group(1) else "", tex)
    tex = re.sub(r"\\mathrm\{(\w+)\}", r"\1", tex)
    tex = re.sub(r"(\\[a-zA-Z]+) (?![a-zA-Z])", r"\1", tex)
    return re.sub(r"\\([<>]) ?", r"\1", tex)


def plain(text: str) -> str:
    """Text without white space, tags and the entities of HTML."""
    text = re.sub(r"</?i>", "", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return "".join(text.split())


def counted(text: str, formulas: list[str], family: str) -> tuple[int, int, list[str]]:
    """How many of a page's formulas stand in its text, how many too many, and the missing ones."""
    if family in TYPED:
        whole = plain(text)
        missing = [tex for tex in formulas if plain(TYPED[family](tex)) not in whole]
        return len(formulas) - len(missing), 0, missing
    found = Counter(key(tex) for pair in _FORMULA.findall(text) for tex in pair if tex)
    wanted = Counter(key(tex) for tex in formulas)
    missing = [tex for tex, count in wanted.items() if found[tex] < count]
    right = sum(min(count, found[tex]) for tex, count in wanted.items())
    return right, sum(max(0, found[tex] - count) for tex, count in wanted.items()), missing


def measure(folder: Path) -> dict[str, Any]:
    """Recovered and doubled formulas of all pages that have any, each URL once."""
    truth = {row["url"]: row for row in read_parquet(folder / "truth" / "pages.parquet").to_pylist() if row["valid"]}
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    missing: dict[str, list[str]] = defaultdict(list)
    seconds, seen = 0.0, set()
    for path in sorted((folder / "crawl").glob("*.warc.gz")):
        for item in responses(path, 2_000_000):
            row = (
                truth.get(item.url)
                if isinstance(item, Response) and item.problem is None and item.status == 200
                else None
            )
            decoded = decode(item.body, item.charset) if row is not None and isinstance(item, Response) else None
            if row is None or decoded is None or row["url"] in seen:
                continue
            seen.add(row["url"])
            began = time.process_time()
            text = page_text(decoded[0])
            seconds += time.process_time() - began
            right, twice, lost = counted(text, row["formulas"], row["markup"])
            totals[row["markup"]].update(formulas=len(row["formulas"]), recovered=right, twice=twice)
            missing[row["markup"]] += lost[: 3 - len(missing[row["markup"]])]
    rows = {
        family: {**count, "missing": missing[family]} for family, count in sorted(totals.items()) if count["formulas"]
    }
    whole = sum((Counter(count) for count in totals.values()), Counter())
    return {
        "pages": len(seen),
        "formulas": whole["formulas"],
        "recovered": round(whole["recovered"] / max(1, whole["formulas"]), 5),
        "twice": round(whole["twice"] / max(1, whole["formulas"]), 5),
        "pages_per_cpu_s": round(len(seen) / max(seconds, 1e-9)),
        "families": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--microworld", type=Path, default=Path("data/microworld"))
    print(json.dumps(measure(parser.parse_args().microworld), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
