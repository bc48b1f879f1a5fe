import numpy
import pytest
import torch
from training.toys import toy_model, toy_tokenizer

from mathmill.sft.encode import Encoded, encode
from mathmill.sft.module import SftModule, batches, collate, validation_loss
from mathmill.sft.packing import Packed
from mathmill.sft.readers import Example
from mathmill.training.config import OptimConfig
from mathmill.training.losses import IGNORE, token_losses
from mathmill.training.schedule import constant


def example(length: int, prompt: int, seed: int) -> Encoded:
    rng = numpy.random.default_rng(seed)
    return Encoded(rng.integers(3, 200, length), numpy.arange(length) >= prompt)


EXAMPLES = [example(9, 4, 0), example(14, 6, 1), example(6, 2, 2), example(30, 20, 3)]


def losses(rows, examples, isolate: bool = True) -> torch.Tensor:
    made = collate(rows, examples, 32, 2, isolate)
    return token_losses(toy_model(), made["input_ids"], made["targets"], made.get("position_ids")).detach()


def test_packed_losses_are_those_of_the_examples_alone() -> None:
    together = losses([[0, 1, 2], [3]], EXAMPLES)
    alone = torch.cat([losses([[index]], EXAMPLES) for index in range(4)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_packed_texts_lose_what_plain_transformers_loses_on_the_models_own_words() -> None:
    """A worked answer, and one with a program and its output, packed: each token beside its example alone."""
    program = "Compute.\n```python\nprint(6)\n```\n```output\n6\n```\nThe answer is \\boxed{6}."
    texts = [Example("1", "1 + 1?", "It is \\boxed{2}."), Example("2", "2 * 3?", program, "en", "tir")]
    examples = [encode(text, toy_tokenizer(), {}) for text in texts]
    made = collate([[0, 1]], examples, sum(map(len, examples)) + 5, 2, isolate=True)
    found = token_losses(toy_model(), made["input_ids"], made["targets"], made["position_ids"])
    expected = []
    for one, text in zip(examples, texts, strict=True):
        ids = torch.from_numpy(one.ids)
        every = torch.nn.functional.cross_entropy(toy_model()(ids[None]).logits[0, :-1], ids[1:], reduction="none")
        own = torch.from_numpy(one.learned[1:])
        assert not own[: len(ids) - len(text.solution) - 3].any()  # the prompt; eos and a space belong to the answer
        expected.append(every[own])
    assert len(expected[1]) < len(program)  # the output is left out
    torch.testing.assert_close(found, torch.cat(expected), atol=1e-5, rtol=1e-5)


def test_one_example_does_not_change_the_loss_of_another() -> None:
    changed = [example(9, 4, 77), *EXAMPLES[1:]]
    first, second = losses([[0, 1, 2]], EXAMPLES), losses([[0, 1, 2]], changed)
    own = int(EXAMPLES[0].learned[1:].sum())
    assert not torch.allclose(first[:own], second[:own])
    torch.testing.assert_close(first[own:], second[own:], atol=1e-6, rtol=1e-6)
    # Without isolation it does, so the test can fail.
    open_ = [losses([[0, 1, 2]], examples, isolate=False)[own:] for examples in (EXAMPLES, changed)]
    assert not torch.allclose(*open_)


def test_targets_are_learned_tokens_alone() -> None:
    made = collate([[0, 2]], EXAMPLES, 32, 2, isolate=True)
    wanted = [IGNORE] * 32
    wanted[3:8] = EXAMPLES[0].ids[4:].tolist()
    wanted[10:14] = EXAMPLES[2].ids[2:].tolist()
    assert made["targets"][0].tolist() == wanted
    assert made["input_ids"][0, 15:].tolist() == [2] * 17
    assert (made["position_ids"][0] == 0).nonzero().flatten().tolist() == [0, 9, 15]


def test_a_step_is_the_mean_over_its_learned_tokens_on_any_number_of_ranks() -> None:
    packed = Packed([len(e) for e in EXAMPLES], 32, 0)
    make = batches(EXAMPLES, packed, batch=4, pad=2, isolate=True)
    module = SftModule(toy_model(), OptimConfig(), constant(0), 10)
    batch = make(0, 0, 1)
    whole = token_losses(module.model, batch["input_ids"], batch["targets"], batch["position_ids"])
    torch.testing.assert_close(module.share(batch), whole.mean())
    ranks = [make(0, rank, 2) for rank in range(2)]
    assert torch.equal(torch.cat([part["input_ids"] for part in ranks]), batch["input_ids"])
    torch.testing.assert_close(sum(module.share(part) for part in ranks), whole.mean())
    module.micro_batch = 3
    torch.testing.assert_close(sum(module.share(part) for part in module.parts(batch)), whole.mean())


def test_validation_loss_is_a_mean_over_learned_tokens() -> None:
    model = toy_model()
    found = validation_loss(model, EXAMPLES, 32, 2, rows=3)
    expected = torch.cat([losses([[index]], EXAMPLES) for index in range(4)]).mean()
    assert found["loss"] == pytest.approx(float(expected), abs=1e-5)
    assert found["tokens"] == 5 + 8 + 4 + 10
    assert validation_loss(model, [], 32, 2, rows=3) is None
