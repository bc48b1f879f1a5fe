import pytest
import torch
from training.toys import toy_tokenizer

from mathmill.pretrain.config import PretrainConfig, RunConfig, run_of, steps_of
from mathmill.training.model import build, parameter_count
from mathmill.training.schedule import schedule_of
from mathmill.workflow.composition import compose_conf
from mathmill.workflow.errors import ConfigError
from mathmill.workflow.graph import PRETRAIN


@pytest.fixture(scope="module")
def scales(project_root):
    return {scale: compose_conf(project_root, [f"scale={scale}"]) for scale in ("smoke", "laptop", "gpu", "1b", "7b")}


@pytest.mark.parametrize(
    ("scale", "steps", "drops", "peak"),
    [("1b", 37_500, (30_000, 33_750), 5.3e-4), ("7b", 50_000, (40_000, 45_000), 4.2e-4)],
)
def test_steps_and_schedule_of_the_paper(scales, scale, steps, drops, peak) -> None:
    config = scales[scale].pretrain
    run = run_of(config, "base")
    assert steps_of(config, run) == steps
    factor = schedule_of(config.optim, steps)
    changes = [step for step in range(2001, steps) if factor(step) != factor(step - 1)]
    assert tuple(changes) == drops
    assert [config.optim.lr * factor(step) for step in (2000, *drops)] == pytest.approx(
        [peak, 0.316 * peak, 0.1 * peak]
    )
    assert (config.optim.beta1, config.optim.beta2, config.optim.weight_decay) == (0.9, 0.95, 0.1)
    tokens = config.batch * config.context
    assert tokens == pytest.approx({"1b": 4e6, "7b": 10e6}[scale], rel=4e-3)
    assert run.tokens == pytest.approx({"1b": 150e9, "7b": 500e9}[scale], rel=4e-3)


def test_a_budget_below_one_batch_is_refused() -> None:
    config = PretrainConfig(batch=32, context=256)
    assert steps_of(config, RunConfig(tokens=32 * 256)) == 1
    with pytest.raises(ConfigError, match="8,191 tokens is less than one batch of 32 x 256"):
        steps_of(config, RunConfig(tokens=32 * 256 - 1))


@pytest.mark.parametrize("scale", ["1b", "7b"])
def test_mixture_of_the_paper(scales, scale) -> None:
    mixture = scales[scale].pretrain.runs["base"].mixture
    assert mixture == {"corpus": 0.56, "algebraic_stack": 0.04, "arxiv": 0.10, "code": 0.20, "general": 0.10}


def test_the_7b_shape_has_the_published_number_of_parameters(scales) -> None:
    with torch.device("meta"):
        model = build(scales["7b"].pretrain.model, toy_tokenizer())
    assert parameter_count(model) == pytest.approx(6.91e9, rel=1e-3)
    assert (model.config.max_position_embeddings, model.config.rope_parameters["rope_theta"]) == (4096, 10000.0)


def test_the_1b_shape_builds(scales) -> None:
    with torch.device("meta"):
        model = build(scales["1b"].pretrain.model, toy_tokenizer())
    without_embeddings = parameter_count(model) - 2 * 102400 * 2048
    assert without_embeddings == pytest.approx(1.21e9, rel=0.01)


@pytest.mark.parametrize("scale", ["smoke", "laptop", "gpu", "1b", "7b"])
def test_every_scale_has_the_runs_of_the_graph_and_fair_ablations(scales, scale) -> None:
    config = scales[scale].pretrain
    assert set(PRETRAIN) <= set(config.runs)
    assert config.model.context >= config.context
    for name in PRETRAIN:
        assert run_of(config, name).tokens > 0
    for one, other in (("general", "code"), ("general_math", "code_math"), ("math", "math_arxiv")):
        first, second = config.runs[one], config.runs[other]
        assert (first.tokens, first.ablation) == (second.tokens, second.ablation)
        assert first.ablation


@pytest.mark.parametrize("scale", ["1b", "7b"])
def test_instruction_tuning_of_the_paper(scales, scale) -> None:
    config = scales[scale].sft
    assert (config.steps, config.batch, config.context, config.optim.lr) == (500, 256, 4096, 5e-5)
    assert schedule_of(config.optim, 500)(499) == 1.0
    assert config.suffixes["cot_en"].endswith("put your final answer within \\boxed{}.")
    assert "请通过逐步推理来解答问题" in config.suffixes["cot_zh"]
    assert set(config.suffixes) == {"cot_en", "cot_zh", "tir_en", "tir_zh"}
