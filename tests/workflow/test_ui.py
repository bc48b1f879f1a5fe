"""The MLflow UI in a real browser, over a store that our own runs have filled."""

import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fake_stage import FakeStage, Runtime, Section, weights
from mlflow_server import serving

from mathmill.workflow.tracking import open_run
from mathmill.workflow.tracking_views import address

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)", allow_module_level=True)
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage --window-size=2400,1300"
)


def fill(root: Path) -> dict[str, str]:
    """Pre-training, SFT, a sweep of two RL runs, and an evaluation; returns ids by name."""
    base = weights(root / "models" / "pretrain" / "base", b"base")
    sft = weights(root / "models" / "sft", b"sft")
    (root / "data").mkdir()
    (root / "data" / "questions.jsonl").write_text("{}\n")
    ids = {}
    pretrain = open_run(FakeStage(root, name="pretrain", item="base"), "f1")
    pretrain.outputs({"model": base})
    pretrain.finish()
    run = open_run(FakeStage(root, name="sft", item=None), "f2")
    run.inputs({"checkpoint": [base]})
    run.outputs({"model": sft})
    run.finish()
    ids["sft"] = run.id
    client, experiment = run.store.client, run.store.experiment_id
    parent = client.create_run(experiment, run_name="sweep rl over rl.seed", tags={"kind": "sweep", "stage": "rl"})
    inputs = {"checkpoint": [sft], "questions": [root / "data" / "questions.jsonl"]}
    for seed in (1, 2):
        stage = FakeStage(root, work=f"seed{seed}", section=Section(seed=seed))
        run = open_run(stage, f"f{seed}")
        run.inputs(inputs)
        run.tag("mlflow.parentRunId", parent.info.run_id)
        for step in range(1, 40):
            run.metrics({"train/reward": 0.2 + seed * step / 100, "train/kl": step / 1000}, step)
        run.table("families", [{"family": "fractions", "accuracy": 0.5}])
        run.finish()
        ids[f"rl{seed}"] = run.id
    client.set_terminated(parent.info.run_id)
    evaluate = open_run(FakeStage(root, name="evaluate", item="sft"), "f9")
    evaluate.inputs(inputs)
    evaluate.metrics({"accuracy": 0.625, "test/accuracy": 0.625})
    evaluate.finish()
    ids["experiment"] = experiment
    ids["sft_model"] = client.search_logged_models([experiment], "name = 'sft'")[0].model_id
    return ids


@pytest.fixture(scope="module")
def server(tmp_path_factory, empty_store):
    root = tmp_path_factory.mktemp("ui")
    shutil.copy(empty_store, root / "mlflow.db")
    ids = fill(root)
    with serving(root) as base:
        yield base, ids


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def shows(server, browser, tmp_path):
    """Opens a page and waits until its text holds all the given words; leaves a screenshot."""
    address, _ = server

    def look(page: str, *words: str) -> str:
        browser.get(f"{address}/#{page}")
        end = time.monotonic() + 60
        while True:
            text = browser.execute_script("return document.body ? document.body.innerText : ''")
            missing = [word for word in words if word not in text]
            if not missing:
                time.sleep(0.5)
                browser.save_screenshot(str(tmp_path / "page.png"))
                return text
            if time.monotonic() > end:
                browser.save_screenshot(str(tmp_path / "failed.png"))
                raise AssertionError(f"{page}: {missing} not in: {text[:3000]} (picture: {tmp_path})")
            time.sleep(0.3)

    return look


def test_the_list_of_runs(server, shows):
    _, ids = server
    # Without the second half of the address the UI shows the pages of prompts and agents first.
    page = f"/experiments/{ids['experiment']}?workflowType=machine_learning"
    text = shows(page, "mathmill", "sft lr=3e-05 seed=1", "sweep rl over rl.seed")
    assert "Models" in text


def test_the_saved_views(server, shows, browser):
    base, ids = server
    for name, there, absent in (
        ("runs", ["sft lr=3e-05 seed=1", "evaluate@sft", "sweep rl over rl.seed"], []),
        ("rl", ["sweep rl over rl.seed", "train/reward", "train/kl"], ["pretrain@base", "evaluate@sft"]),
        ("scores", ["evaluate@sft", "test/accuracy", "0.625"], ["sweep rl over"]),
    ):
        page = address(base, ids["experiment"], name).split("#", 1)[1]
        text = shows(page, "stage", "scale", "seed", *there)
        assert [word for word in absent if word in text] == []
        assert "share key" not in text  # MLflow's complaint about a view that it cannot read


def test_a_run_shows_its_parameters_inputs_and_parent(server, shows):
    _, ids = server
    page = f"/experiments/{ids['experiment']}/runs/{ids['rl2']}"
    shows(page, "rl@grpo lr=3e-05 seed=2", "rl.optimizer.name", "adamw", "train/reward", "data/questions.jsonl")
    shows(page, "sweep rl over rl.seed")
    shows(f"{page}/model-metrics", "train/reward", "train/kl")
    shows(f"{page}/artifacts", "params.yaml")


def test_two_runs_compare(server, shows):
    _, ids = server
    chosen = f'["{ids["rl1"]}","{ids["rl2"]}"]'.replace('"', "%22")
    page = f"/compare-runs?runs={chosen}&experiments=[%22{ids['experiment']}%22]"
    text = shows(page, "Comparing 2 Runs", "rl@grpo lr=3e-05 seed=1", "rl@grpo lr=3e-05 seed=2", "rl.seed")
    assert "train/reward" in text


def test_models_are_a_leaderboard_with_lineage(server, shows):
    _, ids = server
    page = f"/experiments/{ids['experiment']}/models?workflowType=machine_learning"
    shows(page, "pretrain-base", "sft", "accuracy", "0.625")
    shows(f"/experiments/{ids['experiment']}/models/{ids['sft_model']}", "sft", "dvc.md5", "models/sft")
    # a run leads to the model that it read, and the model to the run that made it
    text = shows(f"/experiments/{ids['experiment']}/runs/{ids['rl1']}", "Logged models (1)", "\nsft\n")
    assert "Input" in text[text.index("Logged models (1)") :]


def test_a_run_kept_by_a_server(server, tmp_path):
    address, ids = server
    model = weights(tmp_path / "models" / "sft", b"other")
    stage = FakeStage(tmp_path, name="sft", item=None, runtime=Runtime(tracking_uri=address))
    run = open_run(stage, "f")
    run.metrics({"loss": 0.5}, 1)
    run.outputs({"model": model})
    run.finish()
    found = run.store.client.get_run(run.id)
    assert run.store.experiment_id == ids["experiment"]
    assert found.info.status == "FINISHED"
    assert found.data.metrics["loss"] == 0.5
    assert len(found.outputs.model_outputs) == 1
    assert not (tmp_path / "mlflow.db").exists()
