"""The microworld's planted quotations at the laptop's scale: every one is on its page, is found, and is gone after."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mathmill.decontaminate.config import DecontaminateConfig
from mathmill.decontaminate.grams import GramIndex, tokens
from mathmill.decontaminate.remove import clean
from mathmill.microworld.hosts import HostWriter
from mathmill.microworld.html import write_page
from mathmill.microworld.pages import Page, edited, make_page
from mathmill.microworld.plan import World, world
from mathmill.pages.html import page_text
from mathmill.workflow.composition import compose_conf


def settings_and_plan(root: Path, seed: int) -> tuple[DecontaminateConfig, World]:
    params = compose_conf(root, [f"seed={seed}"])
    return params.decontaminate, world(params.microworld)


def index_of(plan: World, settings: DecontaminateConfig) -> GramIndex:
    texts = (
        ("bench", item["id"], tokens(str(item[name]), settings.commands))
        for item in plan.sets.benchmarks
        for name in settings.fields
        if name in item
    )
    return GramIndex.build(texts, settings.gram, settings.shortest, settings.common)


def planted(plan: World, *, lookalike: bool) -> Iterator[tuple[Page, list[str]]]:
    """Each page with a plant, and its text as the stage `pages` extracts it: of the page and of an edited copy."""
    for (name, number), plant in plan.plants.items():
        if plant.lookalike != lookalike:
            continue
        host = plan.hosts[name]
        page = make_page(plan, host, number)
        look = HostWriter(plan, host).look
        documents = [page.document, edited(page.document, random.Random(number), page.questions)]
        html = [write_page(document, look, page.url, "", [], random.Random(0)) for document in documents]
        yield page, [page_text(text) for text in html]


@pytest.mark.parametrize("seed", [0, 1])
def test_every_planted_quotation_is_on_its_page_and_is_removed(project_root: Path, seed: int) -> None:
    settings, plan = settings_and_plan(project_root, seed)
    index = index_of(plan, settings)
    missed, left, quoted = [], [], 0
    for page, texts in planted(plan, lookalike=False):
        assert page.quoted
        for text in texts:
            result = clean(text, index, "segment", settings.min_chars, settings.commands)
            found = {owner.item for hit in result.hits for owner in hit.owners}
            missed += [(page.url, quote["benchmark"]) for quote in page.quoted if quote["benchmark"] not in found]
            left += [page.url for _ in index.find(tokens(result.text or "", settings.commands))]
            quoted += len(page.quoted)
    assert quoted > 200
    assert missed == []
    assert left == []


@pytest.mark.parametrize("seed", [0, 1])
def test_lookalikes_are_kept(project_root: Path, seed: int) -> None:
    """At least 95 % stay whole; none of them goes."""
    settings, plan = settings_and_plan(project_root, seed)
    index = index_of(plan, settings)
    texts = [text for _, (text, _) in planted(plan, lookalike=True)]
    results = [clean(text, index, "segment", settings.min_chars, settings.commands) for text in texts]
    assert len(texts) == 60
    assert all(result.text is not None for result in results)
    assert sum(not result.hits for result in results) >= 0.95 * len(texts)
