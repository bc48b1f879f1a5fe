"""Bounds, choices and names of keys."""

from dataclasses import dataclass, field

import pytest

from mathmill.workflow.errors import ConfigError
from mathmill.workflow.keys import declared, find, suggest, type_name
from mathmill.workflow.option import option
from mathmill.workflow.schema import Params
from mathmill.workflow.validate import check, to_params


@dataclass
class Inner:
    share: float = option(0.5, "a share", ge=0, le=1)
    kind: str = option("a", "a kind", choices=["a", "b"])


@dataclass
class Outer:
    steps: int = option(1, "steps", gt=0)
    top: int | None = option(None, "may be null", lt=10)
    shares: list[float] = option(list, "several", ge=0, le=1)
    runs: dict[str, Inner] = option(dict, "by name")
    inner: Inner = option(Inner, "one")
    inners: list[Inner] = field(default_factory=list)


def test_what_is_in_range_passes() -> None:
    check(Outer(steps=1, top=9, shares=[0.0, 1.0], runs={"x": Inner()}, inners=[Inner()]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Outer(steps=0), "o.steps = 0: must be > 0"),
        (Outer(top=10), "o.top = 10: must be < 10"),
        (Outer(shares=[float("inf")]), r"o.shares\[0\] = inf: must be a finite number"),
        (Outer(shares=[0.5, 1.5]), r"o.shares\[1\] = 1.5: must be <= 1"),
        (Outer(shares=[float("nan")]), r"o.shares\[0\] = nan: must be >= 0 and <= 1"),
        (Outer(runs={"x": Inner(share=-1)}), "o.runs.x.share = -1: must be >= 0"),
        (Outer(inner=Inner(kind="c")), "o.inner.kind = 'c': must be one of a, b"),
        (Outer(inners=[Inner(), Inner(kind="c")]), r"o.inners\[1\].kind = 'c'"),
        (Outer(inner=Inner(kind="${b}")), r"o.inner.kind = '\$\{b\}': holds"),
    ],
)
def test_what_is_out_of_range_is_named(value: Outer, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(value, "o")


def test_all_that_is_wrong_is_listed() -> None:
    with pytest.raises(ConfigError) as raised:
        check(Outer(steps=0, shares=[2.0]))
    assert str(raised.value).splitlines() == ["steps = 0: must be > 0", "shares[0] = 2.0: must be <= 1"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"runtime": {"thread": 1}}, r"^runtime.thread: no such key \(did you mean runtime.threads\?\)$"),
        ({"runtine": {}}, r"^runtine: no such key \(did you mean runtime\?\)$"),
        ({"runtime": {"threads": "two"}}, "^runtime.threads: must be int or null: .*two"),
        ({"runtime": {"engine": {"retries": 1.5}}}, "^runtime.engine.retries: must be int"),
        ({"runtime": {"engine": "pool"}}, "^runtime.engine = 'pool': must be a section of keys$"),
        ({"runtime": 3}, "^runtime = 3: must be a section of keys$"),
        ({"runtime": {"threads": [1]}}, r"^runtime.threads = \[1\]: must be int or null, not a list$"),
        ({"rl": {"optim": {"drop_at": [[1.0]]}}}, r"^rl.optim.drop_at\[0\] = \[1.0\]: must be float, not a list$"),
        ({"rl": {"optim": {"drop_at": 1.0}}}, "^rl.optim.drop_at: must be list of float"),
        ({"rl": {"languages": ["en", None]}}, r"^rl.languages"),
        ({"pretrain": {"runs": {"base": 3}}}, "^pretrain.runs.base = 3: must be a section of keys$"),
        ({"pretrain": {"runs": {"base": {"token": 3}}}}, r"^pretrain.runs.base.token: .*pretrain.runs.base.tokens"),
        ({"rl": None}, "^rl = None: must be a section of keys$"),
        ({"seed": "???"}, r"^seed: no value was given \(it stands at \?\?\?\)$"),
        ({"seed": "${sed}"}, "^seed: Interpolation key 'sed' not found"),
        ({"seed": -1}, "^seed = -1: must be >= 0$"),
    ],
)
def test_errors_of_the_real_schema_name_the_key(config: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        to_params(config)


def test_a_table_that_is_given_is_the_whole_table() -> None:
    """Its default holds names that own data does not have; `~tokens.weights.arxiv` must take one out."""
    params = to_params({"tokens": {"weights": {"corpus": 1.0}}, "evaluate": {"page": {"joint": {"en": "|"}}}})
    assert params.tokens.weights == {"corpus": 1.0}
    assert params.evaluate.page.joint == {"en": "|"}
    assert len(params.evaluate.page.question) == 2  # not given: its default
    assert params.decontaminate.granularity == Params().decontaminate.granularity


def test_types_are_made_right() -> None:
    params = to_params({"runtime": {"lock_timeout": 5, "log_every": "7"}})
    assert params.runtime.lock_timeout == 5.0
    assert isinstance(params.runtime.lock_timeout, float)
    assert params.runtime.log_every == 7


def test_keys_walk_through_nested_dataclasses() -> None:
    names = [key.name for key in declared(Outer, "o.")]
    assert names[:5] == ["o.steps", "o.top", "o.shares", "o.runs.*.share", "o.runs.*.kind"]
    found = find(Outer, "runs.base.share")
    assert found is not None
    assert found.help == "a share"
    assert find(Outer, "runs.base") is None
    assert suggest(Outer, "runs.base.shar") == " (did you mean runs.base.share?)"
    assert suggest(Outer, "zzzzzz") == "; there are steps, top, shares, runs, inner, inners"
    assert suggest(Outer, "inner.zzzzzz") == ""
    assert suggest(Outer, "runs.bsae") == " (to add an entry to runs: +runs.bsae=VALUE)"


def test_a_list_and_a_table_are_explained_in_the_words_of_the_command_line() -> None:
    with pytest.raises(ConfigError, match=r"^pages.crawl: must be list of str or null, as in pages.crawl=\["):
        to_params({"pages": {"crawl": "/data/crawl"}})
    assert suggest(Params, "sft.suffixes.pot_en") == " (to add an entry to sft.suffixes: +sft.suffixes.pot_en=VALUE)"


def test_types_are_said_in_words() -> None:
    assert type_name(int | None) == "int or null"
    assert type_name(list[float]) == "list of float"
    assert type_name(dict[str, int]) == "dict of int"


def test_sections_say_what_does_not_fit_together() -> None:
    with pytest.raises(ConfigError, match=r"pretrain\.model\.heads: 4 does not divide hidden=130"):
        to_params({"pretrain": {"model": {"hidden": 130, "heads": 4}}})
