"""conf/ and overrides.yaml to params.yaml: every file composes, every mistake is named, no edit is lost."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mathmill.compose.compose import composed, write_params
from mathmill.workflow import params as params_file
from mathmill.workflow.composition import compose_conf, merge_overrides, read_overrides
from mathmill.workflow.errors import ConfigError
from mathmill.workflow.schema import Params

CONF = Path(__file__).resolve().parents[2] / "conf"
CHOICES = sorted(
    (path.parent.relative_to(CONF).as_posix(), path.stem)
    for path in sorted(CONF.rglob("*.yaml"))
    if path.parent != CONF and path.stem != "default" and "local" not in path.relative_to(CONF).parts
)


def compose_command(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mathmill.compose", *arguments], cwd=project, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("group", "option"), CHOICES)
def test_every_file_of_conf_composes(group: str, option: str) -> None:
    params = compose_conf(CONF.parent, [f"{group}={option}"])
    if not group.startswith("hydra/"):  # how a sweep runs, which is no choice about the params
        assert params.choices[group] == option
    if group == "scale":
        assert params.scale == option


def test_the_default_is_the_laptop() -> None:
    params = compose_conf(CONF.parent, [])
    assert params.scale == params.choices["scale"] == "laptop"


def test_every_section_takes_the_seed_of_the_project() -> None:
    params = compose_conf(CONF.parent, ["seed=17"])
    seeds = {name: section.seed for name, section in vars(params).items() if hasattr(section, "seed")}
    assert seeds
    assert seeds == dict.fromkeys(seeds, 17)


def test_params_are_the_same_bytes_for_three_readers(project: Path) -> None:
    import ruamel.yaml
    from omegaconf import OmegaConf

    assert write_params(project)
    text = (project / "params.yaml").read_text(encoding="utf-8")
    assert not write_params(project)
    plain = yaml.safe_load(text)
    assert plain == OmegaConf.to_container(OmegaConf.load(project / "params.yaml"))
    assert plain == ruamel.yaml.YAML(typ="safe").load(text)
    assert params_file.is_sealed(plain)
    assert list(plain)[:3] == ["scale", "seed", "microworld"]


@pytest.mark.parametrize(
    "value",
    [
        "1e-6",
        "3.0",
        "true",
        "no",
        "null",
        "~",
        "a b",
        "",
        " x",
        "x ",
        "a: b",
        "#x",
        "12",
        "1:30",
        "a\nb",
        "é",
        "=",
        "0x1",
    ],
)
def test_strings_stay_strings(project: Path, value: str) -> None:
    from omegaconf import OmegaConf

    params = Params(scale=value)
    (project / "params.yaml").write_text(params_file.render(params), encoding="utf-8")
    assert yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))["scale"] == value
    assert OmegaConf.to_container(OmegaConf.load(project / "params.yaml"))["scale"] == value
    content = params_file.read(project)
    assert content is not None
    assert params_file.is_sealed(content)


@pytest.mark.parametrize("value", [1e-6, 3e-06, 1.5e-7, 1e16, 1e22, 0.1, 2.0, 123456789.123])
def test_floats_stay_floats(value: float) -> None:
    params = Params()
    params.runtime.lock_timeout = value
    written = yaml.safe_load(params_file.render(params))["runtime"]["lock_timeout"]
    assert isinstance(written, float)
    assert written == value


def append(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("runtime/default.yaml", "threds: 2", "runtime.threds: no such key (did you mean runtime.threads?)"),
        ("engine/pool.yaml", "retrys: 2", "runtime.engine.retrys: no such key (did you mean runtime.engine.retries?)"),
        ("scale/laptop.yaml", "runtime: {threads: two}", "runtime.threads: must be int or null"),
        ("scale/laptop.yaml", "runtime: {threads: 0}", "runtime.threads = 0: must be >= 1"),
        ("scale/laptop.yaml", "runtime: {engine: {backend: dask}}", "runtime.engine.backend = 'dask': must be one of"),
        ("scale/laptop.yaml", "runtimes: {threads: 1}", "runtimes: no such key (did you mean runtime?)"),
        ("scale/laptop.yaml", "runtime: {threads: '${sed}'}", "runtime.threads: Interpolation key 'sed' not found"),
        ("scale/laptop.yaml", "runtime: {threads: [", "not YAML"),
    ],
)
def test_a_mistake_in_conf_is_named_in_seconds(project: Path, file: str, line: str, said: str) -> None:
    append(project / "conf" / file, line)
    with pytest.raises(ConfigError) as raised:
        write_params(project)
    assert said in str(raised.value)
    assert f"conf/{file}" in str(raised.value)
    assert not (project / "params.yaml").exists()


def test_a_mistake_ends_the_command_within_seconds(project: Path, cpu_limit: Callable) -> None:
    append(project / "conf" / "runtime" / "default.yaml", "threds: 2")
    with cpu_limit(5.0):
        done = compose_command(project)
    assert done.returncode == 2
    assert done.stderr.startswith("error: runtime.threds: no such key")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("scale=smok", "scale=smok: no such choice (did you mean smoke?); one of "),
        ("experiment=nothing_like_it", "experiment=nothing_like_it: no such choice"),
        ("runtime.thread=1", "runtime.thread: no such key (did you mean runtime.threads?) [override runtime.thread=1]"),
        ("+runtime.extra=1", "runtime.extra: no such key"),
        ("runtime.threads=[1", "override runtime.threads=[1:"),
        ("seed=x", "seed: must be int"),
    ],
)
def test_a_mistake_in_an_override_is_named(project: Path, override: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compose_conf(project, [override])
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "content", ["overrides: 3", "[]", "override: []", "overrides: [1]", "overrides: ['']", "overrides: [a: b]", "a: ["]
)
def test_a_broken_overrides_file_is_named(project: Path, content: str) -> None:
    (project / "overrides.yaml").write_text(content)
    with pytest.raises(ConfigError, match=r"overrides\.yaml"):
        read_overrides(project)


def test_later_overrides_win_and_groups_stay_single() -> None:
    assert merge_overrides(["scale=smoke", "seed=1"], ["++seed=2", "scale=gpu"]) == ["++seed=2", "scale=gpu"]


def test_overrides_file_is_obeyed(project: Path) -> None:
    (project / "overrides.yaml").write_text('overrides: ["scale=smoke", "seed=3"]')
    write_params(project)
    content = params_file.load_sealed(project)
    assert (content["scale"], content["seed"], content["choices"]["scale"]) == ("smoke", 3, "smoke")


def test_an_edit_of_params_is_refused_and_explained(project: Path) -> None:
    write_params(project)
    path = project / "params.yaml"
    edited = path.read_text().replace("log_every: 10", "log_every: 7")
    path.write_text(edited)
    done = compose_command(project)
    assert done.returncode == 2
    assert "runtime.log_every: 7 in params.yaml, 10 in the composition" in done.stderr
    assert "make exp 'runtime.log_every=7'" in done.stderr
    assert "git checkout params.yaml" in done.stderr
    assert path.read_text() == edited
    with pytest.raises(ConfigError, match="was edited"):
        params_file.load_sealed(project)
    path.unlink()
    assert compose_command(project).returncode == 0


def test_an_edit_is_refused_also_when_conf_changes_with_it(project: Path) -> None:
    write_params(project)
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("log_every: 10", "log_every: 7\n  surplus: 1"))
    append(project / "conf" / "scale" / "laptop.yaml", "seed: 5")
    with pytest.raises(ConfigError) as raised:
        write_params(project)
    assert "runtime.surplus: 1 in params.yaml, nothing in the composition" in str(raised.value)
    assert "seed: 0 in params.yaml, 5 in the composition" in str(raised.value)


def test_a_new_layout_of_the_same_values_is_no_edit(project: Path) -> None:
    import ruamel.yaml

    write_params(project)
    path = project / "params.yaml"
    before = path.read_text()
    tree = ruamel.yaml.YAML().load(before)
    with path.open("w") as handle:
        ruamel.yaml.YAML().dump(tree, handle)  # as `dvc exp run -S` writes it
    assert path.read_text() != before
    assert write_params(project)
    assert path.read_text() == before


def test_conflict_markers_in_params_are_named(project: Path) -> None:
    (project / "params.yaml").write_text("<<<<<<< HEAD\nseed: 1\n=======\nseed: 2\n")
    with pytest.raises(ConfigError, match=r"params\.yaml: cannot be read"):
        write_params(project)


def test_a_comment_in_conf_changes_nothing(project: Path) -> None:
    write_params(project)
    append(project / "conf" / "scale" / "laptop.yaml", "# nothing but a comment")
    assert not write_params(project)


def test_runtime_and_choices_stay_out_of_each_other(project: Path) -> None:
    params = composed(project, ["trainer=ddp", "engine=serial"])
    assert params.runtime.trainer.strategy == "ddp"
    assert params.runtime.engine.backend == "serial"
    assert (params.choices["trainer"], params.choices["engine"]) == ("ddp", "serial")
    assert "local" not in params.choices
