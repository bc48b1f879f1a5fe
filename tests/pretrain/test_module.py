import pytest
import torch
from training.toys import toy_model

from mathmill.pretrain.mixture import Mixture
from mathmill.pretrain.module import PretrainModule, batches
from mathmill.pretrain.source import Source
from mathmill.training.config import OptimConfig
from mathmill.training.schedule import constant
from mathmill.workflow.errors import UserError


@pytest.fixture(scope="module")
def make(tokens):
    mixture = Mixture({"corpus": 0.75, "code": 0.25}, 0)
    sources = {name: Source(tokens / name, 0) for name in mixture.names}
    return lambda isolate=False: batches(sources, mixture, batch=8, context=32, isolate=isolate)


def test_the_order_of_data_does_not_depend_on_the_number_of_ranks(make) -> None:
    alone = make()(5, 0, 1)["input_ids"]
    together = torch.cat([make()(5, rank, 4)["input_ids"] for rank in range(4)])
    assert torch.equal(alone, together)
    assert not torch.equal(alone, make()(6, 0, 1)["input_ids"])
    with pytest.raises(UserError, match="does not divide"):
        make()(0, 0, 3)


def test_the_loss_is_the_mean_over_predicted_tokens(make) -> None:
    module = PretrainModule(toy_model(), OptimConfig(), constant(0), 10, targets=8 * 31)
    batch = make()(0, 0, 1)
    expected = module.model(input_ids=batch["input_ids"], labels=batch["input_ids"]).loss
    torch.testing.assert_close(module.share(batch), expected)
    halves = [module.share({"input_ids": half}) for half in batch["input_ids"].split(4)]
    torch.testing.assert_close(sum(halves), expected)


def test_isolated_documents_do_not_see_each_other(make) -> None:
    module = PretrainModule(toy_model(), OptimConfig(), constant(0), 10, targets=1)
    batch = make(isolate=True)(0, 0, 1)
    starts = batch["position_ids"] == 0
    row = int((starts.sum(1) > 1).nonzero()[0])
    border = int(starts[row].nonzero()[1])
    changed = {**batch, "input_ids": batch["input_ids"].clone()}
    changed["input_ids"][row, : border - 1] = 77
    states = [module.model.model(**part, use_cache=False).last_hidden_state[row, border:] for part in (batch, changed)]
    torch.testing.assert_close(*states)
    ids = [part["input_ids"] for part in (batch, changed)]
    open_ = [module.model.model(input_ids=part, use_cache=False).last_hidden_state[row, border:] for part in ids]
    assert not torch.allclose(*open_)
