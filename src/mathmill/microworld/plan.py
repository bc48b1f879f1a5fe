"""The plan of the web: which hosts there are, how many pages of which genre each holds, which pages are planted."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from mathmill.microworld.catalogue import KINDS, Kind, Section
from mathmill.microworld.config import MicroworldConfig
from mathmill.microworld.grammar import load
from mathmill.microworld.rng import stream
from mathmill.microworld.sets import Sets, make_benchmarks

_WORDS = {
    "mathqa": "mathmatters sumsolver proofcorner", "answers": "askaway quickanswers curioushub knowitall",
    "books": "openshelf freetexts readerspress", "learning": "brightlessons learnlane classtools studyharbor",
    "bilingual": "twobridges goldenpanda eastwest", "students": "campuschat studybuddy helpdesk peerpoint",
    "wiki": "allpedia factbase commonwiki", "exercises_zh": "tikuwang lianxi xuexiba zuoyebang kaoshi",
}  # fmt: skip


@dataclass
class Host:
    """One host: its name, its kind, its looks, and its pages as (section, number of pages) in order."""

    name: str
    kind: Kind
    markup: str
    charset: str
    declared: str
    scheme: str
    part: int
    pages: list[tuple[Section, int]] = field(default_factory=list)

    def slots(self) -> list[Section]:
        """The section of every page, by page number."""
        return [section for section, count in self.pages for _ in range(count)]


@dataclass(frozen=True)
class Plant:
    """What one page of mathematics quotes or resembles: `items` are indices of benchmark items."""

    lookalike: bool
    items: tuple[int, ...]


@dataclass
class World:
    """The whole plan, computed anew (in milliseconds) by every worker process."""

    config: MicroworldConfig
    hosts: dict[str, Host]
    plants: dict[tuple[str, int], Plant]
    copies: dict[str, list[tuple[str, int]]]
    sets: Sets


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers with sum `total`, as near to the weights as possible (largest remainder)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    counts = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: (counts[i] - exact[i], i))
    for index in order[: total - sum(counts)]:
        counts[index] += 1
    return counts


def _kinds(hosts: int) -> list[tuple[Kind, int]]:
    """Each kind once, in order, as far as the hosts go; the rest by the kinds' numbers at the laptop's scale."""
    if hosts <= len(KINDS):
        return [(kind, 1) for kind in KINDS[:hosts]]
    more = apportion(hosts - len(KINDS), [kind.hosts - 0.999 for kind in KINDS])
    return [(kind, 1 + extra) for kind, extra in zip(KINDS, more, strict=True)]


def _host_name(kind: Kind, number: int, rng: random.Random, taken: set[str]) -> str:
    grammar = load("en/common")
    named = _WORDS.get(kind.name, "").split()
    while True:
        if number < len(named):
            word, number = named[number], len(named)
        else:
            stem = grammar.expand("company_a", rng) + grammar.expand("company_b", rng)
            word = rng.choice([stem, grammar.expand("town", rng), kind.name.replace("_", "") + stem[:5]]).lower()
        front = rng.choice(["www.", "www.", "", "", kind.sections[0].prefix.split("-")[0] + "."])
        name = f"{front}{word}.example"
        if name not in taken:
            taken.add(name)
            return name


def _hosts(config: MicroworldConfig) -> list[Host]:
    rng = stream(config.seed, "hosts")
    taken: set[str] = set()
    hosts: list[Host] = []
    used: Counter[str] = Counter()
    for kind, count in _kinds(config.crawl.hosts):
        for number in range(count):
            markup = min(kind.markups, key=lambda name: used[name])  # so that a small web shows many families
            used[markup] += 1
            charset, declared = kind.charsets[number % len(kind.charsets)].split("/")
            hosts.append(
                Host(
                    name=_host_name(kind, number, rng, taken),
                    kind=kind,
                    markup=markup,
                    charset=charset,
                    declared=declared,
                    scheme=rng.choice(["https", "https", "https", "http"]),
                    part=len(hosts) % config.crawl.warc_files,
                )
            )
    return hosts


def _fill_pages(config: MicroworldConfig, hosts: list[Host]) -> None:
    """Give every section its number of pages, so that the share of mathematics is exact."""
    rng = stream(config.seed, "sizes")
    unique = round(config.crawl.pages * (1 - config.crawl.copies))
    math = round(unique * config.crawl.math_share)
    places = [(host, section) for host in hosts for section in host.kind.sections]
    sizes = {host.name: host.kind.size * rng.lognormvariate(0, 0.35) for host in hosts}
    counts: dict[int, int] = {}
    for wanted, total in ((True, math), (False, unique - math)):
        chosen = [index for index, (_, section) in enumerate(places) if section.is_math == wanted]
        weights = [_weight(*places[index]) * sizes[places[index][0].name] for index in chosen]
        counts |= dict(zip(chosen, apportion(total, weights), strict=True))
    for index, (host, section) in enumerate(places):
        if counts[index]:
            host.pages.append((section, counts[index]))


def _weight(host: Host, section: Section) -> float:
    """Pages of a section for a host of size 1; mixed hosts have fewer of what they are not about."""
    mixed = any(other.is_math for other in host.kind.sections)
    whole = sum(other.weight for other in host.kind.sections if other.is_math == section.is_math)
    return section.weight if mixed else 7.0 * section.weight / whole


def _plants(config: MicroworldConfig, hosts: list[Host], sets: Sets) -> dict[tuple[str, int], Plant]:
    """Which pages of mathematics quote benchmark items, and which resemble them: each with items of its language."""
    rng = stream(config.seed, "plants")
    slots = [(h.name, i, s.genre.split("/")[1]) for h in hosts for i, s in enumerate(h.slots()) if s.is_math]
    wanted = min(config.math.planted + config.math.lookalikes, len(slots))
    by_lang = {lang: [i for i, item in enumerate(sets.benchmarks) if item["lang"] == lang] for lang in ("en", "zh")}
    plants: dict[tuple[str, int], Plant] = {}
    for number, (name, index, lang) in enumerate(rng.sample(slots, wanted)):
        pool = by_lang[lang]
        if pool:
            items = tuple(rng.sample(pool, min(len(pool), rng.choice([1, 1, 2, 3]))))
            plants[name, index] = Plant(number >= config.math.planted, items)
    return plants


def _copies(config: MicroworldConfig, hosts: list[Host]) -> dict[str, list[tuple[str, int]]]:
    """For each host the pages (host, number) that it repeats: mostly its own, some of other hosts (a mirror)."""
    rng = stream(config.seed, "copies")
    slots = [(host.name, index) for host in hosts for index in range(len(host.slots()))]
    total = config.crawl.pages - len(slots)
    copies: dict[str, list[tuple[str, int]]] = {host.name: [] for host in hosts}
    for name, index in (rng.choice(slots) for _ in range(total)):
        at = rng.choice(hosts).name if rng.random() < 0.3 else name
        copies[at].append((name, index))
    return copies


@lru_cache(maxsize=2)
def _world(key: str) -> World:
    config = _configs[key]
    hosts = _hosts(config)
    _fill_pages(config, hosts)
    sets = make_benchmarks(config.sets, config.seed)
    plants = _plants(config, hosts, sets)
    return World(config, {host.name: host for host in hosts}, plants, _copies(config, hosts), sets)


_configs: dict[str, MicroworldConfig] = {}


def world(config: MicroworldConfig) -> World:
    """The plan of a configuration; computed once in each process."""
    _configs[repr(config)] = config
    return _world(repr(config))
