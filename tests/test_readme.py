"""The READMEs and docs: every command is run, or checked for all that is cheap to check; links and keys exist.

A command stands in exactly one of the tables below, each with the reason for how it is treated. A command in a document
that no table names fails the test, and so does an entry that no document holds any more.
"""

import json
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from chain import Chain

from mathmill.compare.__main__ import from_words, parse
from mathmill.compose.compose import composed
from mathmill.compose.overrides import changed
from mathmill.workflow.composition import compose_conf, is_group
from mathmill.workflow.graph import STAGES, nodes
from mathmill.workflow.keys import declared, find
from mathmill.workflow.schema import Params

ROOT = Path(__file__).resolve().parents[1]
LOG = "results.md"  # a log of what was once run, with the commands of its day
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "data/README.md",
    ROOT / "models/README.md",
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != LOG),
]
BASE = ["scale=smoke"]  # what the checks below compose on top of

# Run as they stand, in a copy in which the chain has run once at scale=smoke, in this order.
RUN = [
    "make summary",
    "python -m mathmill.workflow.ui --addresses",
    "python -m mathmill.rl --help",
    "python -m mathmill.corpus --help",
    "python -m mathmill.compose show",
    "python -m mathmill.compose show 'microworld.sets.style={worked: 1.0, short: 0.0, terse: 0.0}'",
    "python -m mathmill.compose show tokens.base_checkpoint=own/model pretrain.runs.base.init=own/model scale=7b",
    "python -m mathmill.compose show '+pretrain.runs.base.mixture.notes=0.1' '+tokens.weights.notes=0.05' "
    "'~tokens.weights.arxiv'",
    "python -m mathmill.corpus annotate --annotations own/annotations.yaml --propose own/review.yaml",
    "python -m mathmill.corpus sample own/labels.jsonl --per-band 25",
    "python -m mathmill.corpus label own/labels.jsonl",
    "python -m mathmill.chat --help",
    "python -m mathmill.chat models/rl/grpo",
    'echo "What is 12 + 30?" | python -m mathmill.chat models/sft --greedy --tools',
    "python -m mathmill.chat models/rl/grpo --temperature 0.7 --seed 1",
    "python -m mathmill.chat models/rl/grpo --greedy < questions.txt",
    "python -m mathmill.plan scale=1b gpus=8 trainer=deepspeed_zero2",
    "dvc params diff",
    "dvc metrics diff --targets reports/rl/grpo.json reports/sft.json",
    "dvc commit -f report",
    "dvc add own/crawl own/seed.jsonl",
    "dvc remote add -d team /mnt/team/mathmill-cache",
]
# make's targets, run with stand-ins for the programs that they call: what is called must exist, and the words of
# `make exp` must reach the program as they were typed and compose.
MAKE = {
    "make reproduce": "runs the whole chain; tests/test_chain.py does that at scale=smoke",
    "make test": "runs this test",
    "make promote run=ID name=winner": "needs a run; tests/workflow/test_promote.py promotes one",
    "make champion": "tests/workflow/test_champion.py crowns checkpoints",
    "make lint": "a check of CI",
    "make types": "a check of CI",
    "make docs": "needs mkdocs-material; tests/test_docs.py builds the same site",
    "make status": "dvc status looks at every artifact",
    "make ui": "does not end; tests/workflow/test_ui.py starts the same server, and looks at its views",
    "make exp rl.optim.lr=3e-6": "runs stages; tests/test_chain.py changes the same key",
    "make exp rl.optim.lr=": "runs stages",
    "make compare name=figure7 seeds=3": "trains and samples; tests/compare does it at scale=smoke",
    "make compare name=code_first seeds=5": "trains 30 times; tests/compare does it at scale=smoke",
    "make exp paradigm=ppo": "runs stages; tests/rl/test_train.py trains by PPO",
    "make plan scale=7b gpus=64": "RL does not fit, exit code 1; tests/plan runs the same",
    "make exp scale=gpu trainer=gpu": "needs a GPU",
    "make exp experiment=gsm8k": "needs GSM8K's files",
    "make exp experiment=real_pages": "needs a crawl",
    "make exp experiment=benchmarks": "needs the benchmarks' files",
    "make exp experiment=": "runs stages",
    "make exp engine=ray runtime.engine.ray_address=auto crawl=commoncrawl": "needs a network",
    "make exp crawl=commoncrawl pages.sample=4": "needs a network",
    "make exp crawl=commoncrawl engine=ray "
    "'pages.crawl=[https://data.commoncrawl.org/crawl-data/CC-MAIN-2024-10/wet.paths.gz]'": "needs a network",
    "make exp 'pages.crawl=[own/crawl]' 'corpus.seed_corpus=[own/seed.jsonl]' corpus.annotations=own/annotations.yaml "
    "'decontaminate.benchmarks=[own/test.jsonl]'": "runs stages",
    "make exp 'pages.crawl=[own/crawl]' 'corpus.seed_corpus=[own/seed.jsonl]' "
    "corpus.annotations=own/annotations.yaml": "runs stages",
    "make exp sft.checkpoint=own/model 'sft.instruct=[own/instruct.jsonl]' rl.questions=own/questions.jsonl "
    "rl.validation=own/validation.jsonl 'evaluate.benchmark=[own/test.jsonl]'": "runs stages",
    "make exp report.labels=own/labels.jsonl": "runs stages; the file is drawn by the command above",
    "make exp scale=gpu trainer=deepspeed_zero2 runtime.trainer.devices=4 runtime.micro_batch=4": "needs GPUs",
    "make exp runtime.tracking_uri=http://mlflow.example:5000": "needs a server",
}
# Stages: every configuration that the command names must compose, and its own files must be found.
STAGE = {
    "python -m mathmill.rl rl.beta=0.1": "trains; tests/test_chain.py runs the stage",
    "python -m mathmill.rl -m rl.seed=1,2,3": "trains three times; tests/test_chain.py runs a sweep",
    "python -m mathmill.rl -m rl.beta=0,0.04 rl.seed=1,2": "trains four times",
    "python -m mathmill.rl sweep=rl_lr": "trains as often as the file says",
    "python -m mathmill.rl paradigm=dapo rl.seed=1": "trains; tests/rl/test_train.py trains by DAPO",
    "python -m mathmill.rl sweep=rl_lr hydra/launcher=joblib hydra.launcher.n_jobs=2": "trains six times; "
    "tests/workflow/test_launchers.py sweeps with this launcher",
    "python -m mathmill.rl sweep=rl_lr hydra/launcher=slurm hydra.launcher.partition=gpus": "needs Slurm; the same "
    "test has stand-ins",
    "python -m mathmill.rl sweep=search_rl": "trains 20 times; tests/workflow/test_search.py searches with a toy",
    "python -m mathmill.rl sweep=search_rl hydra.sweeper.trials=40": "trains 40 times",
    "python -m mathmill.rl sweep=figure5": "trains 12 times",
    "python -m mathmill.rl sweep=paradigm": "trains 9 times",
    "python -m mathmill.rl sweep=figure5_same_reward": "trains 12 times",
    "python -m mathmill.rl sweep=iterative": "trains 6 times",
    "python -m mathmill.reward reward.kind=process": "trains; tests/test_chain.py runs the stage",
    "python -m mathmill.reward -m reward.labels=hard,soft reward.kind=process": "trains twice",
    "python -m mathmill.pretrain -m pretrain.run=math,math_arxiv pretrain.seed=1,2,3": "trains six times",
    "python -m mathmill.sft sft.checkpoint=own/model 'sft.instruct=[own/instruct.jsonl]'": "trains",
    "python -m mathmill.rl rl.questions=own/questions.jsonl rl.validation=own/validation.jsonl": "trains",
    "python -m mathmill.evaluate evaluate.model=grpo 'evaluate.benchmark=[own/test.jsonl]' "
    "evaluate.instruct=own/instruct.jsonl": "evaluates",
    "python -m mathmill.workflow.chain corpus,decontaminate,tokens,pretrain,evaluate sweep=corpus_budget": "trains "
    "four times; tests/workflow/test_chain_sweep.py does it at scale=smoke",
    "torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint node0:29500 -m mathmill.pretrain "
    "pretrain.run=base scale=1b trainer=deepspeed_zero2 runtime.trainer.num_nodes=2": "needs two nodes",
}
# Steps after others: the module or file must be there, and answer when it is asked for help.
AFTER = {
    "python -m mathmill.corpus estimate own/labels.jsonl": "needs labels; tests/corpus/test_commands.py gives some",
    "python benchmarks/grading.py ../shared/data/benchmarks": "needs the files; tests/evaluate/tasks runs its parts",
    "python -m mathmill.evaluate.harness models/sft --sets mmlu,bbh --out general.json": "needs a network; "
    "tests/evaluate/test_harness.py has a stand-in",
    "python benchmarks/train.py": "measures for minutes, beside a package that is no dependency",
    "python benchmarks/rl.py": "measures for minutes, beside a package that is no dependency",
    "python benchmarks/rl_rewards.py": "measures for minutes, beside a package that is no dependency",
    "python benchmarks/budget_trial.py": "needs the sweep before it; tests/workflow/test_chain_sweep.py runs both",
}
# DVC: the stage that is named must be one of the graph.
DVC = {
    "dvc repro corpus": "runs stages; tests/test_chain.py does",
    "dvc commit -f sft": "needs the outputs of the commands before it",
    "dvc commit -f pretrain@base": "part of a Slurm script",
    "dvc push": "needs a remote",
    """dvc exp run --queue -n world-1 -S 'overrides.yaml:overrides=["scale=smoke","seed=1"]'""": "runs stages; "
    "tests/workflow/test_exp_queue.py runs a queue",
    """dvc exp run --queue -n world-2 -S 'overrides.yaml:overrides=["scale=smoke","seed=2"]'""": "runs stages",
    "dvc exp run --run-all": "needs the queue before it",
    "dvc exp show --only-changed": "needs experiments",
    "dvc exp apply world-2": "needs experiments",
    """dvc exp run -S 'overrides.yaml:overrides=["scale=smoke","rl.beta=0.1"]'""": "runs stages",
}
# Lines of a job script that are no commands of this project.
# The parts of a job array: tests/pages run both job scripts with the array's variables set; Ray's tests start one here.
SCRIPT = {
    "make exp experiment=winner",  # tests/workflow/test_promote.py composes what it has promoted
    "mkdir -p .work",
    "parts=$(sbatch --parsable --array=1-16 docs/slurm/part.sbatch pages)",
    'sbatch --dependency="afterany:$parts" docs/slurm/merge.sbatch pages',
    # tests/training/test_slurm.py runs these with a stand-in for srun.
    "sbatch --nodes=2 docs/slurm/train.sbatch pretrain pretrain.run=base scale=1b trainer=deepspeed_zero2",
    "sbatch --nodes=8 docs/slurm/train.sbatch pretrain pretrain.run=base scale=7b trainer=deepspeed_zero2 "
    "runtime.micro_batch=2",
    "pip install 'mathmill[ray]'",
    "pip install 'mathmill[harness]'",
    "ray start --head --port=6379",
}


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(language, content) of every fenced block."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


def commands() -> list[str]:
    """Every command of every document, without comments, continued lines joined."""
    listed = []
    for document in DOCUMENTS:
        for language, content in blocks(document.read_text(encoding="utf-8")):
            if language in ("bash", "sh", "shell", "console"):
                for line in content.replace("\\\n", " ").splitlines():
                    words = shlex.split(line.removeprefix("$ "), comments=True)
                    if words:
                        bare = re.sub(r"(^|\s)#.*", "", line.removeprefix("$ "))
                        listed.append(" ".join(bare.split()))
    return listed


def own_files(folder: Path, world: Path, model: Path) -> None:
    """The files that the documents call own/..., made of the microworld's."""
    own = folder / "own"
    own.mkdir()
    shutil.copytree(world / "crawl", own / "crawl")
    shutil.copytree(model, own / "model")
    shutil.copy(world / "annotations.yaml", own)
    shutil.copy(world / "instruct.jsonl", own)
    shutil.copy(world / "questions.jsonl", own)
    for name in ("validation", "test"):
        shutil.copy(world / f"benchmarks/{name}.jsonl", own)
    rows = [json.loads(line) for line in (own / "instruct.jsonl").read_text().splitlines()[:20]]
    (folder / "questions.txt").write_text(rows[0]["question"].replace("\n", " ") + "\n")
    (own / "seed.jsonl").write_text("".join(json.dumps({"text": row["solution"]}) + "\n" for row in rows))


@pytest.fixture(scope="module")
def checkout(smoke_chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A copy of the finished chain with a Makefile, an environment, a commit, and files of one's own."""
    folder = tmp_path_factory.mktemp("readme") / "project"
    copy = Chain(Path(shutil.copytree(smoke_chain.folder, folder, symlinks=True)))
    for name in ("Makefile", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    own_files(folder, folder / "data/microworld", folder / "models/sft")
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (folder / ".venv/.ready").touch()
    copy.call("git", "add", "--", "conf", "src", "dvc.yaml", "dvc.lock", "params.yaml", "overrides.yaml", "reports")
    copy.call("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "all")
    return copy


def test_every_command_is_in_one_table_and_every_entry_in_a_document() -> None:
    tables = [*RUN, *MAKE, *STAGE, *AFTER, *DVC, *SCRIPT]
    assert len(tables) == len(set(tables))
    found = commands()
    assert [command for command in found if command not in tables] == []
    assert [entry for entry in tables if entry not in found] == []


@pytest.mark.parametrize("command", RUN)
def test_a_command_runs(checkout: Chain, command: str) -> None:
    output = checkout.call("bash", "-c", command)
    if "--help" in command:
        assert "Keys of" in output or "usage: " in output
    if command.startswith("python -m mathmill.compose show"):
        assert "composed:" in output
    if command == "make summary":
        assert "reports/index.html" in output


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Makefile, and an environment whose programs only write down how they were called."""
    folder = tmp_path_factory.mktemp("make")
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    code = "import json; from mathmill.compose.overrides import from_make; print('WORDS', json.dumps(from_make()))"
    for name in ("python", "dvc", "pytest", "mlflow", "ruff", "mypy", "mkdocs"):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\necho "CALL {name} $*"\n'
            f'case "$*" in *--from-make*) exec {shlex.quote(sys.executable)} -c {shlex.quote(code)};; esac\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / ".venv/.ready").touch()
    return folder


@pytest.mark.parametrize("command", MAKE)
def test_a_make_target_calls_what_there_is(stand_ins: Path, checkout: Chain, command: str) -> None:
    done = subprocess.run(["bash", "-c", command], cwd=stand_ins, capture_output=True, text=True, check=True)
    calls = re.findall(r"^CALL (.*)$", done.stdout, re.MULTILINE)
    assert calls
    for program, *words in map(str.split, calls):
        if words[:1] == ["-m"]:
            assert module_file(words[1]).is_file()
        elif program == "dvc":
            assert words in (["repro"], ["status"])
    for listed in re.findall(r"^WORDS (.*)$", done.stdout, re.MULTILINE):
        words = json.loads(listed)
        assert words == shlex.split(command)[2:]
        if command.startswith("make compare"):
            words = list(parse(from_words(words)).overrides)  # without its own; an unknown comparison is an error
        words = [word for word in words if not word.startswith("gpus=")]  # the planner's own
        if [word for word in words if not word.endswith("=")]:
            check_overrides(checkout.folder, words)


@pytest.mark.parametrize("command", STAGE)
def test_a_stage_command_composes(checkout: Chain, command: str) -> None:
    words = shlex.split(command)
    at = words.index("-m")
    assert module_file(words[at + 1]).is_file()
    rest = words[at + 2 :]
    if "=" not in rest[0] and rest[0] != "-m":  # the stages of a chain
        assert set(rest.pop(0).split(",")) <= set(STAGES)
    if rest[0] != "-m":
        check_overrides(checkout.folder, rest)
        return
    choices = [[f"{key}={value}" for value in text.split(",")] for key, text in (word.split("=") for word in rest[1:])]
    jobs = list(product(*choices))
    assert len(jobs) > 1
    for job in (jobs[0], jobs[-1]):
        check_overrides(checkout.folder, list(job))


@pytest.mark.parametrize("command", AFTER)
def test_a_later_step_is_there(command: str) -> None:
    words = shlex.split(command)
    if "-m" not in words:
        assert (ROOT / words[1]).is_file()
        return
    at = words.index("-m")
    done = subprocess.run([sys.executable, *words[1 : at + 3], "--help"], capture_output=True, text=True, check=True)
    assert words[at + 2] in done.stdout


@pytest.mark.parametrize("command", DVC)
def test_a_dvc_command_names_what_there_is(checkout: Chain, command: str) -> None:
    words = shlex.split(command)[1:]
    assert words[0] in ("repro", "commit", "push", "exp")
    named = {node.name for node in nodes()}
    assert [word for word in words[1:] if not word.startswith("-") and words[0] in ("repro", "commit")] == [
        word for word in words[1:] if word in named
    ]
    if words[0] == "exp" and "-S" in words:
        file, _, listed = words[-1].partition(":overrides=")
        assert (checkout.folder / file).is_file()
        check_overrides(checkout.folder, json.loads(listed))


def module_file(name: str) -> Path:
    """The file that `python -m name` runs."""
    path = ROOT / "src" / name.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def check_overrides(root: Path, words: list[str]) -> None:
    """The configuration composes, and files that the words name are there; a sweep file names real keys."""
    words = [word for word in words if not word.startswith("hydra")]  # launchers and sweepers have tests of their own
    for word in words:
        group, _, name = word.partition("=")
        if group == "sweep":
            text = (root / "conf/sweep" / f"{name}.yaml").read_text()
            swept = re.findall(r"^      ([\w.]+):", text, re.MULTILINE)
            assert swept
            assert [key for key in swept if find(Params, key) is None and not (root / "conf" / key).is_dir()] == []
        elif is_group(root, word):
            assert (root / "conf" / group / f"{name}.yaml").is_file()
    listed = changed(BASE, words)
    if any(word.startswith(("experiment=", "sweep=")) for word in words):
        compose_conf(root, listed)  # the files that an experiment names need not be here
    else:
        composed(root, listed)


def test_links_lead_somewhere() -> None:
    broken = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                broken.append(f"{document.relative_to(ROOT)}: {target}")
    assert [line for line in broken if not line.endswith(LOG)] == []


def test_keys_and_files_that_the_documents_name_exist() -> None:
    names = [key.name for key in declared(Params)]
    names += [name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)]
    tables = [key.name for key in declared(Params) if isinstance(key.default, dict)]  # any name may follow
    known = re.compile(
        "|".join(re.escape(name).replace(r"\*", r"\w+") for name in names)
        + "|"
        + "|".join(re.escape(name).replace(r"\*", r"\w+") + r"\.\w+" for name in tables)
    )
    key = re.compile(rf"({'|'.join([*STAGES, 'reward', 'runtime'])})(\.\w+)+")
    wrong = []
    for document in DOCUMENTS:
        for quoted in re.findall(r"`([^`\n]+)`", document.read_text(encoding="utf-8")):
            name = quoted.partition("=")[0]
            fine = True
            if key.fullmatch(name):
                fine = bool(known.fullmatch(name))
            elif re.fullmatch(r"\w+/\w+\.py", quoted):
                fine = any((folder / quoted).is_file() for folder in (ROOT / "src/mathmill", ROOT))
            elif re.match(r"(src|conf|tests)/[^A-Z*]*$", quoted) and "local" not in quoted:
                fine = (ROOT / quoted).exists()
            if not fine:
                wrong.append(f"{document.relative_to(ROOT)}: {quoted}")
    assert wrong == []


def test_the_readme_is_short_and_shows_what_reproduce_prints() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 250
    begin, end = "<!-- output of make reproduce: begin -->", "<!-- output of make reproduce: end -->"
    assert text.count(begin) == text.count(end) == 1
    assert list(blocks(text.partition(begin)[2].partition(end)[0]))
