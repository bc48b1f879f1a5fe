import pytest
import torch
from rl_models import FAMILIES

from mathmill.rl import group_decoding
from mathmill.rl.likelihood import Sequence, micro_batches, token_logprobs
from mathmill.rl.rollout import Sampling, generate, sample, stop_tokens

EOS = 1
PROMPTS = [[0, 5, 6, 7], [0, 9], [0, 11, 12, 13, 14, 15, 16]]


def logprobs_of(model, prompt: list[int], output: list[int], temperature: float = 1.0) -> torch.Tensor:
    """The plain way: one sequence, no padding, no cache."""
    logits = model(input_ids=torch.tensor([prompt + output])).logits[0, len(prompt) - 1 : -1].float()
    return (logits / temperature).log_softmax(-1).gather(1, torch.tensor(output)[:, None]).squeeze(1)


def test_logprobs_are_those_of_a_plain_forward_pass(model) -> None:
    rollouts = generate(model, PROMPTS, 5, Sampling(12, temperature=0.8, seed=3), EOS)
    assert len(rollouts) == 15
    for row, rollout in enumerate(rollouts):
        with torch.no_grad():
            expected = logprobs_of(model, PROMPTS[row // 5], rollout.tokens, 0.8)
        assert torch.allclose(torch.tensor(rollout.logprobs), expected, atol=1e-4)


def test_greedy_equals_transformers_generate(model) -> None:
    for prompt, rollout in zip(PROMPTS, generate(model, PROMPTS, 1, Sampling(10, temperature=0), EOS), strict=True):
        ids = torch.tensor([prompt])
        theirs = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=10, do_sample=False)
        assert rollout.tokens == theirs[0, len(prompt) :].tolist()


def test_a_sample_depends_on_its_row_alone(model) -> None:
    """Neither the batch, nor a longer neighbour, nor a finished one changes a sample."""
    settings = Sampling(20, seed=7)
    together = generate(model, PROMPTS, 4, settings, EOS, row_ids=list(range(12)))
    for place, prompt in enumerate(PROMPTS):
        alone = generate(model, [prompt], 4, settings, EOS, row_ids=list(range(4 * place, 4 * place + 4)))
        assert [r.tokens for r in alone] == [r.tokens for r in together[4 * place : 4 * place + 4]]
    assert len({tuple(r.tokens) for r in together[:4]}) > 1  # a group does not repeat itself


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gpt2"])
def test_a_group_that_shares_its_prompt_samples_what_copies_of_it_sample(family, monkeypatch) -> None:
    """Padded prompts, rows that leave at different times, whole groups that end."""
    torch.manual_seed(0)
    policy = FAMILIES[family]().eval()
    with torch.no_grad():
        policy.get_output_embeddings().weight[EOS] *= 3
    assert group_decoding.usable(policy, 50, torch.device("cpu"))
    settings = Sampling(40, temperature=1.3, seed=5)  # several blocks of the cache
    shared = generate(policy, PROMPTS, 6, settings, EOS)
    monkeypatch.setattr("mathmill.rl.rollout.usable", lambda *_: False)
    copied = generate(policy, PROMPTS, 6, settings, EOS)
    assert [r.tokens for r in shared] == [r.tokens for r in copied]
    assert len({len(r.tokens) for r in shared}) > 3
    for one, other in zip(shared, copied, strict=True):
        assert torch.allclose(torch.tensor(one.logprobs), torch.tensor(other.logprobs), atol=1e-4)
    assert policy.config._attn_implementation == "sdpa"


def test_rows_stop_at_eos_and_say_whether_they_did(model) -> None:
    with torch.no_grad():
        model.get_output_embeddings().weight[EOS] += 0.5  # makes eos likely
    rollouts = generate(model, PROMPTS, 40, Sampling(15, seed=1), EOS)
    assert {r.finished for r in rollouts} == {True, False}
    for rollout in rollouts:
        assert EOS not in rollout.tokens[:-1]
        assert rollout.finished == (rollout.tokens[-1] == EOS)
        assert rollout.finished or len(rollout.tokens) == 15
        assert len(rollout.logprobs) == len(rollout.tokens)


def test_frequencies_are_the_model_s_probabilities(model) -> None:
    rollouts = generate(model, [[0, 5]], 4000, Sampling(1, seed=2), EOS)
    counts = torch.bincount(torch.tensor([r.tokens[0] for r in rollouts]), minlength=model.config.vocab_size)
    with torch.no_grad():
        expected = model(input_ids=torch.tensor([[0, 5]])).logits[0, -1].softmax(-1)
    assert (counts / 4000 - expected).abs().max() < 0.03


def test_top_p_keeps_the_smallest_set_that_reaches_p(model) -> None:
    with torch.no_grad():
        probs, index = model(input_ids=torch.tensor([[0, 5]])).logits[0, -1].softmax(-1).sort(descending=True)
    allowed = set(index[: int((probs.cumsum(0) < 0.3).sum()) + 1].tolist())
    rollouts = generate(model, [[0, 5]], 500, Sampling(1, top_p=0.3, seed=2), EOS)
    assert {r.tokens[0] for r in rollouts} <= allowed
    tiny = generate(model, [[0, 5]], 20, Sampling(1, top_p=1e-9, seed=2), EOS)
    assert {r.tokens[0] for r in tiny} == {int(index[0])}


def test_stop_strings_and_text(model, tokenizer) -> None:
    prompts = ["User: 1\n\nAssistant:", "User: 22\n\nAssistant:"]
    whole = sample(model, tokenizer, prompts, n=3, max_new_tokens=12, seed=4)
    assert [len(group) for group in whole] == [3, 3]
    text = next(c.text for group in whole for c in group if len(c.text) > 3)
    cut = sample(model, tokenizer, prompts, n=3, max_new_tokens=12, seed=4, stop=(text[2],))
    assert any(c.text == text[: text.index(text[2])] and c.finished for group in cut for c in group)
    assert whole == sample(model, tokenizer, prompts, n=3, max_new_tokens=12, seed=4, batch_rows=1)


def test_a_stop_string_ends_sampling_early_and_cuts_the_same_text(model, tokenizer) -> None:
    prompts = [f"User: {number}\n\nAssistant:" for number in range(8)]
    whole = [c for group in sample(model, tokenizer, prompts, n=8, max_new_tokens=20, seed=5) for c in group]
    ended = [
        c for group in sample(model, tokenizer, prompts, n=8, max_new_tokens=20, seed=5, stop=("a",)) for c in group
    ]
    assert sum(c.tokens for c in ended) < sum(c.tokens for c in whole)
    for before, after in zip(whole, ended, strict=True):
        assert after.text == before.text.split("a")[0]
        assert after.finished == (before.finished or "a" in before.text)


def test_a_stop_string_in_leading_white_space_does_not_count(model, tokenizer) -> None:
    newline, letter = (tokenizer.encode(text, add_special_tokens=False)[0] for text in ("\n", "x"))
    stop = stop_tokens(tokenizer, ("\n",))
    assert stop is not None
    assert stop.ids == [newline]
    assert {newline, tokenizer.encode(" ", add_special_tokens=False)[0]} <= set(stop.blank)
    script = iter([newline, newline, letter, letter, newline, letter])

    def forced(self, *args, **kwargs):
        output = original(*args, **kwargs)
        output.logits = torch.zeros_like(output.logits)
        output.logits[..., next(script)] = 9.0
        return output

    original = model.forward
    model.forward = forced.__get__(model)
    (rollout,) = generate(model, [[0, 5]], 1, Sampling(6, temperature=0), EOS, stop=stop)
    assert rollout.tokens == [newline, newline, letter, letter, newline]
    assert rollout.finished


def test_an_empty_prompt_is_refused(model) -> None:
    with pytest.raises(ValueError, match="empty prompt"):
        generate(model, [[]], 1, Sampling(3), EOS)


def test_micro_batches_give_the_logprobs_of_single_sequences(model) -> None:
    sequences = [Sequence(p, [20 + i, 21, 22][: 1 + i % 3]) for i, p in enumerate(PROMPTS * 3)]
    seen = []
    for batch in micro_batches(sequences, list(range(9)), 24, torch.device("cpu")):
        assert batch.ids.numel() <= 24 or len(batch.rows) == 1
        with torch.no_grad():
            values, entropy = token_logprobs(model, batch, 1.0)
        assert (entropy >= 0).all()
        for place, row in enumerate(batch.rows):
            seen.append(row)
            count = len(sequences[row].output)
            with torch.no_grad():
                expected = logprobs_of(model, sequences[row].prompt, sequences[row].output)
            assert torch.allclose(values[place, :count], expected, atol=1e-4)
            assert batch.mask[place].sum() == count
    assert sorted(seen) == list(range(9))
