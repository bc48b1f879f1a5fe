"""Each prompt forwarded once for its group: the same numbers and gradients as one sequence at a time."""

import pytest
import torch
from rl_models import FAMILIES, tiny

from mathmill.rl import shared_prefix
from mathmill.rl.likelihood import Sequence, micro_batches, token_logprobs
from mathmill.rl.packing import GroupSpan, Packing
from mathmill.rl.prefix_attention import SharedPrefixAttention
from mathmill.training import norm, rotary

CPU = torch.device("cpu")


def logprobs_of(model, prompt: list[int], output: list[int], temperature: float) -> torch.Tensor:
    """The plain way: one sequence, no padding."""
    logits = model(input_ids=torch.tensor([prompt + output])).logits[0, len(prompt) - 1 : -1].float()
    return (logits / temperature).log_softmax(-1).gather(1, torch.tensor(output)[:, None]).squeeze(1)


def sequences() -> list[Sequence]:
    """Groups of ragged, equal and single-token outputs, and rows of a group that do not stand side by side."""
    draw = torch.Generator().manual_seed(0)

    def ids(length: int) -> list[int]:
        return torch.randint(3, 60, (length,), generator=draw).tolist()

    prompts = [ids(5), ids(9), ids(3), ids(1)]
    lengths = [[4, 1, 7, 7], [1, 1], [6, 6, 6], [2]]
    made = [Sequence(prompt, ids(n)) for prompt, group in zip(prompts, lengths, strict=True) for n in group]
    return [made[place] for place in (3, 5, 0, 9, 7, 1, 8, 2, 6, 4)]


def both(model, rows_each: int | None) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Log-probabilities of every row and the gradient of a weighted sum: in micro-batches, and one at a time."""
    given = sequences()
    weights = torch.linspace(-1, 1, len(given))
    results = []
    for plain in (False, True):
        model.zero_grad()
        rows: dict[int, torch.Tensor] = {}
        if plain:
            rows = {row: logprobs_of(model, s.prompt, s.output, 0.8) for row, s in enumerate(given)}
        else:
            for batch in micro_batches(given, list(range(len(given))), 30, CPU, rows_each):
                values, _ = token_logprobs(model, batch, 0.8)
                rows |= {row: values[i, : len(given[row].output)] for i, row in enumerate(batch.rows)}
        sum(weights[row] * values.sum() for row, values in rows.items()).backward()
        gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        results.append((torch.cat([rows[row].detach() for row in sorted(rows)]), gradient))
    return list(zip(*results, strict=True))


@pytest.mark.parametrize("rows_each", [None, 3, 10])
@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2", "bloom"])
def test_logprobs_and_gradients_are_those_of_single_sequences(family: str, rows_each: int | None) -> None:
    torch.manual_seed(0)
    model = FAMILIES[family]().eval()
    (ours, plain), (gradient, expected) = both(model, rows_each)
    assert (ours - plain).abs().max() < 1e-5
    assert (gradient - expected).norm() / expected.norm() < 1e-5
    batch = next(micro_batches(sequences(), list(range(10)), 1000, CPU))
    assert shared_prefix.usable(model, batch.layout) == (family != "bloom")


def test_a_prompt_is_forwarded_once() -> None:
    pairs = [([1, 2, 3], [4, 5]), ([1, 2, 3], [6]), ([7], [8, 9, 10])]
    layout = shared_prefix.layout_of(pairs, CPU)
    assert layout.ids.tolist() == [[1, 2, 3, 4, 7, 8, 9]]
    assert layout.positions.tolist() == [[0, 1, 2, 3, 0, 1, 2]]
    assert layout.before.tolist() == [2, 3, 2, 4, 5, 6]
    assert layout.tokens.tolist() == [4, 5, 6, 8, 9, 10]


def test_a_window_shorter_than_the_sequences_takes_the_plain_way() -> None:
    model = tiny(60)
    layout = shared_prefix.layout_of([([1, 2, 3], [4, 5])], CPU)
    assert shared_prefix.usable(model, layout)
    model.config.sliding_window = 4
    assert not shared_prefix.usable(model, layout)
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_the_written_gradient_is_that_of_finite_differences(kv_heads: int) -> None:
    spans = GroupSpan(0, 3, (2, 1, 0)), GroupSpan(6, 1, (2, 2)), GroupSpan(11, 2, (0,))
    torch.manual_seed(0)
    inputs = [torch.randn(heads, 15, 3, dtype=torch.float64, requires_grad=True) for heads in (4, kv_heads, kv_heads)]

    def run(q, k, v):
        return SharedPrefixAttention.apply(q, k, v, Packing(spans), 0.7, 0.0)

    assert torch.autograd.gradcheck(run, inputs)
    assert run(*inputs)[13:].eq(0).all()  # what only fills up


def test_what_stands_where_a_row_has_no_token_reaches_no_token() -> None:
    """Rows are as long as the longest: a group's numbers are the same beside longer ones as alone."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 20, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    spans = GroupSpan(0, 2, (1, 3)), GroupSpan(6, 5, (6, 0, 3))
    beside = SharedPrefixAttention.apply(q, k, v, Packing(spans), 0.7, 0.0)
    upstream = torch.randn(20, 2, 4, dtype=torch.float64)
    together = torch.autograd.grad(beside, (q, k, v), upstream)
    for span in spans:
        some = slice(span.start, span.end)
        alone = Packing([GroupSpan(0, span.prompt, span.lengths)])
        parts = [x[:, some].detach().requires_grad_() for x in (q, k, v)]
        output = SharedPrefixAttention.apply(*parts, alone, 0.7, 0.0)
        assert torch.allclose(output, beside[some], atol=1e-12)
        for found, whole in zip(torch.autograd.grad(output, parts, upstream[some]), together, strict=True):
            assert torch.allclose(found, whole[:, some], atol=1e-12)


def test_dropout_acts_on_the_weights_and_its_gradient_follows() -> None:
    packing = Packing([GroupSpan(0, 3, (2, 1))])
    inputs = [torch.randn(2, 6, 4, dtype=torch.float64, requires_grad=True) for _ in range(3)]

    def run(q, k, v):
        torch.manual_seed(1)
        return SharedPrefixAttention.apply(q, k, v, packing, 0.7, 0.4)

    assert torch.autograd.gradcheck(run, inputs)
    assert not torch.allclose(run(*inputs), SharedPrefixAttention.apply(*inputs, packing, 0.7, 0.0))


def test_under_autocast_prompts_are_shared_too() -> None:
    """Its backward pass may run inside the block, as a training step's does; rows are made up to a multiple of 64."""
    torch.manual_seed(0)
    model = FAMILIES["llama"]().train()
    norm.install(model)
    rotary.install(model)
    (batch,) = micro_batches(sequences(), list(range(10)), 1000, CPU)
    found, seen = [], set()
    model.get_output_embeddings().register_forward_hook(lambda _layer, given, _made: seen.add(len(given[0])))
    model.get_decoder().register_forward_pre_hook(
        lambda _layer, _given, named: seen.add(named["input_ids"].shape[1]), with_kwargs=True
    )
    for enabled in (False, True):
        model.zero_grad()
        seen.clear()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            assert shared_prefix.usable(model, batch.layout)
            values, _ = token_logprobs(model, batch, 1.0)
            values.sum().backward()
        found.append((values.detach(), torch.cat([p.grad.flatten() for p in model.parameters()])))
        assert (seen == {64}) is enabled
    (exact, gradient), (near, rounded) = found
    assert 0 < (near - exact).abs().max() < 0.02 * exact.abs().max()
    assert 0 < (rounded - gradient).norm() / gradient.norm() < 0.05  # so it is without shared prompts


def test_two_threads_give_the_same_bits_every_time() -> None:
    """Four thousand outputs begin behind the same state of their prompt: the order of their gradients is fixed."""
    torch.manual_seed(0)
    model = FAMILIES["llama"]().train()
    prompt = [5, 6, 7]
    (batch,) = micro_batches([Sequence(prompt, [3 + n % 50]) for n in range(4000)], list(range(4000)), 1 << 20, CPU)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = []
        for _ in range(4):
            model.zero_grad()
            values, _ = token_logprobs(model, batch, 1.0)
            (values * torch.linspace(-1, 1, 4000)[:, None]).sum().backward()
            found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, found[0]) for one in found[1:])
