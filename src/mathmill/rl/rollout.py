"""Sample completions from a transformers causal language model.

Each prompt is prefilled once for its whole group, which shares its keys and values where the model allows it; rows that
have ended leave the batch; the random numbers belong to (seed, row, position), so that neither the batch size nor a
finished neighbour changes a sample.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch

from mathmill.rl.cache import BlockLayer, BufferCache, BufferLayer
from mathmill.rl.group_decoding import Prompts, grouped, usable
from mathmill.rl.llama_step import LlamaStep

_TOLERANCE = 1e-3  # of the probe: far above rounding, far below another computation
_joined: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
_log = logging.getLogger(__name__)

# Compact the batch when fewer than this share of its rows is still alive: copying the cache costs about one token.
_COMPACT_BELOW = 0.75


@dataclass
class Rollout:
    """One sampled completion: token ids, with the closing eos when `finished`, and their log-probabilities."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finished: bool = False


@dataclass(frozen=True)
class Completion:
    """A completion as text, without eos and without what follows a stop string.

    tokens: its length; finished: whether it ended by itself.
    """

    text: str
    tokens: int
    finished: bool


@dataclass(frozen=True)
class Sampling:
    """How to sample. temperature 0 is greedy. The paper is silent on temperature and top_p of its rollouts."""

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Stop:
    """Token ids that end a row beside eos, once the row holds anything but the ids of white space."""

    ids: list[int]
    blank: list[int]


def sample(
    model: Any,
    tokenizer: Any,
    prompts: list[str],
    *,
    n: int = 1,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_new_tokens: int,
    seed: int = 0,
    batch_rows: int = 256,
    stop: tuple[str, ...] = (),
    progress: Callable[[int], None] | None = None,
) -> list[list[Completion]]:
    """N completions of every prompt, as text; prompts of similar length are batched together.

    progress, if given, is called with the number of prompts finished since its last call. A completion is cut at the
    first occurrence of a stop string behind its leading white space. Raises ValueError for an empty prompt.
    """
    ends = stop_tokens(tokenizer, stop)
    encoded = [tokenizer(prompt, add_special_tokens=True)["input_ids"] for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda i: (len(encoded[i]), i))
    results: list[list[Completion]] = [[] for _ in prompts]
    per_batch = max(1, batch_rows // n)
    settings = Sampling(max_new_tokens, temperature, top_p, seed)
    for start in range(0, len(order), per_batch):
        batch = order[start : start + per_batch]
        rows = [index * n + copy for index in batch for copy in range(n)]
        asked = [encoded[i] for i in batch]
        rollouts = generate(model, asked, n, settings, tokenizer.eos_token_id, row_ids=rows, stop=ends)
        for position, index in enumerate(batch):
            group = rollouts[position * n : (position + 1) * n]
            results[index] = [_complete(tokenizer, rollout, stop) for rollout in group]
        if progress:
            progress(len(batch))
    return results


@torch.inference_mode()
def generate(
    model: Any,
    prompts: list[list[int]],
    n: int,
    sampling: Sampling,
    eos: int,
    row_ids: list[int] | None = None,
    stop: Stop | None = None,
) -> list[Rollout]:
    """N rollouts of every prompt, in order (all of the first prompt, then all of the second ...).

    prompts: token ids; row_ids: the identity of each row for its random numbers (default: its index).
    The log-probabilities are those of the sampling distribution before top-p is applied, at the sampling temperature.
    """
    if any(not prompt for prompt in prompts):
        raise ValueError("an empty prompt cannot be continued: give at least a bos token")
    width = max(map(len, prompts))
    # One row to a prompt has nothing to share.
    shared = n > 1 and usable(model, width + sampling.max_new_tokens, next(model.parameters()).device)
    kind = (_Joined if _joins(model) else _Grouped) if shared else _Repeated
    return _generate(model, prompts, n, sampling, eos, row_ids, stop, kind)


def _generate(
    model: Any,
    prompts: list[list[int]],
    n: int,
    sampling: Sampling,
    eos: int,
    row_ids: list[int] | None,
    stop: Stop | None,
    kind: "type[_Grouped | _Repeated]",
) -> list[Rollout]:
    device = next(model.parameters()).device
    width = max(map(len, prompts))
    ids = torch.zeros(len(prompts), width, dtype=torch.long)
    real = torch.zeros(len(prompts), width, dtype=torch.bool)
    for row, prompt in enumerate(prompts):  # left-padded, so that all rows write the same slot of the cache
        ids[row, width - len(prompt) :] = torch.tensor(prompt)
        real[row, width - len(prompt) :] = True
    ids, real = ids.to(device), real.to(device)
    capacity = width if issubclass(kind, _Grouped) else width + sampling.max_new_tokens
    cache = BufferCache([BufferLayer(capacity) for _ in range(model.config.num_hidden_layers)])
    causal = torch.ones(width, width, dtype=torch.bool, device=device).tril()
    positions = (real.cumsum(1) - 1).clamp(min=0)
    dtype = model.get_input_embeddings().weight.dtype
    output = model(
        input_ids=ids,
        # A padded query row sees itself only: a fully masked row would be NaN in some attention kernels.
        attention_mask=_additive(
            (causal & real[:, None, :]) | torch.eye(width, dtype=torch.bool, device=device), dtype
        ),
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    rows = torch.arange(len(prompts), device=device).repeat_interleave(n)
    uniforms = _uniforms(sampling, row_ids or list(range(len(rows)))).to(device)
    first = output.logits[:, -1].float()[rows]
    batch: _Rows = kind(model, cache, real, rows)
    with grouped(model, kind is _Grouped):
        return _decode(batch, first, positions[rows, -1], uniforms, sampling, eos, stop)


class _Rows(Protocol):
    """The rows of a batch that are still decoded."""

    def take(self, keep: torch.Tensor) -> None:
        """Keep some rows by index."""

    def next(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """[rows, vocabulary]: the logits behind each row's newest token."""


class _Repeated:
    """Every row has its own copy of the prompt's cache: any model."""

    def __init__(self, model: Any, cache: BufferCache, real: torch.Tensor, rows: torch.Tensor) -> None:
        self.model, self.cache = model, cache
        cache.take(rows)
        self.mask = _additive(real[rows][:, None, :], model.get_input_embeddings().weight.dtype)

    def take(self, keep: torch.Tensor) -> None:
        self.cache.take(keep)
        self.mask = self.mask[keep]

    def next(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        self.mask = torch.cat([self.mask, self.mask.new_zeros(len(self.mask), 1, 1, 1)], dim=3)
        output = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=positions[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        return output.logits[:, -1].float()


class _Grouped:
    """The rows of a group share the prompt's keys and values (group_decoding)."""

    def __init__(self, model: Any, cache: BufferCache, real: torch.Tensor, rows: torch.Tensor) -> None:
        self.model, self.prompts = model, Prompts(cache, real, rows)
        self.cache = BufferCache([BlockLayer() for _ in cache.buffers])

    def take(self, keep: torch.Tensor) -> None:
        if self.prompts.behind:
            self.cache.take(keep)
        self.prompts.take(keep)

    def next(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        self.prompts.behind += 1
        output = self.model(
            input_ids=tokens[:, None],
            position_ids=positions[:, None],
            past_key_values=self.cache,
            use_cache=True,
            shared_prompts=self.prompts,
        )
        return output.logits[:, -1].float()


class _Joined(_Grouped):
    """The same by a step of joined weights (llama_step): models whose blocks are put together as Llama's."""

    def __init__(self, model: Any, cache: BufferCache, real: torch.Tensor, rows: torch.Tensor) -> None:
        super().__init__(model, cache, real, rows)
        self.step = LlamaStep(model)

    def next(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        self.prompts.behind += 1
        return self.step(tokens, positions, self.cache, self.prompts).float()


def _joins(model: Any) -> bool:
    """Whether rows of this model can be decoded by a LlamaStep: the log-probabilities of both ways on a few tokens.

    Found out once for each model, in the weights' own precision.
    """
    decoder = model.get_decoder()
    if decoder not in _joined:
        training = model.training
        model.eval()
        try:
            with torch.autocast("cpu", enabled=False):
                asked = [[1, 2, 3], [3, 1]], 2, Sampling(3, temperature=0), -1, None, None
                plain, joined = (_generate(model, *asked, kind) for kind in (_Grouped, _Joined))
            pairs = [(one.logprobs, other.logprobs) for one, other in zip(plain, joined, strict=True)]
            apart = max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))
            _joined[decoder] = apart <= _TOLERANCE
        except (AttributeError, TypeError, RuntimeError) as error:  # put together in another way
            _log.info("%s is decoded by its own forward pass: %s", type(model).__name__, error)
            _joined[decoder] = False
        finally:
            model.train(training)
    return _joined[decoder]


def _decode(
    batch: _Rows,
    logits: torch.Tensor,
    positions: torch.Tensor,
    uniforms: torch.Tensor,
    sampling: Sampling,
    eos: int,
    stop: Stop | None = None,
) -> list[Rollout]:
    total, steps = uniforms.shape
    tokens = torch.zeros(total, steps, dtype=torch.long, device=logits.device)
    logprobs = torch.zeros(total, steps, device=logits.device)
    lengths = torch.full((total,), steps, device=logits.device)
    alive = torch.arange(total, device=logits.device)  # rows of the batch -> rows of the result
    done = torch.zeros(total, dtype=torch.bool, device=logits.device)
    ends, blank = (torch.tensor(ids, dtype=torch.long, device=logits.device) for ids in _ids(stop))
    begun = torch.zeros(total, dtype=torch.bool, device=logits.device)  # rows of the result with more than white space
    for step in range(steps):
        chosen, logprob = _choose(logits, uniforms[alive, step], sampling)
        tokens[alive, step], logprobs[alive, step] = chosen, logprob
        ended = ((chosen == eos) | (torch.isin(chosen, ends) & begun[alive])) & ~done
        begun[alive] |= ~torch.isin(chosen, blank)
        lengths[alive[ended]] = step + 1
        done |= ended
        if step + 1 == steps or bool(done.all()):
            break
        if float((~done).float().mean()) < _COMPACT_BELOW:
            keep = (~done).nonzero().squeeze(1)
            batch.take(keep)
            alive, chosen, done, positions = alive[keep], chosen[keep], done[keep], positions[keep]
        positions = positions + 1
        logits = batch.next(chosen, positions)
    ended_at = lengths.tolist()
    rollouts = []
    for row, (ids, values) in enumerate(zip(tokens.tolist(), logprobs.tolist(), strict=True)):
        length = ended_at[row]
        rollouts.append(Rollout(ids[:length], values[:length], finished=ids[length - 1] == eos or length < steps))
    return rollouts


def _choose(logits: torch.Tensor, uniform: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """One token for each row by inverse transform of its uniform number; also its log-probability."""
    if sampling.temperature == 0:
        logprobs = logits.log_softmax(-1)
        best = logprobs.argmax(-1)
        return best, logprobs.gather(1, best[:, None]).squeeze(1)
    logprobs = (logits if sampling.temperature == 1 else logits / sampling.temperature).log_softmax(-1)
    if sampling.top_p < 1:
        probs, index = logprobs.exp().sort(-1, descending=True)
        kept = probs * (probs.cumsum(-1) - probs < sampling.top_p)  # the token that crosses top_p stays
        place = _invert(kept, uniform)
        chosen = index.gather(1, place[:, None]).squeeze(1)
    else:
        chosen = _invert(logprobs.exp(), uniform)
    return chosen, logprobs.gather(1, chosen[:, None]).squeeze(1)


def _invert(weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    cumulative = weights.cumsum(-1)
    whole = cumulative[:, -1:].contiguous()
    # uniform < 1, so the target lies below the last sum; right=True steps over tokens of weight zero.
    found = torch.searchsorted(cumulative, uniform[:, None] * whole, right=True)
    last = torch.searchsorted(cumulative, whole)  # of weight above zero: rounding must not pick another
    return torch.minimum(found, last).squeeze(1)


def _uniforms(sampling: Sampling, row_ids: list[int]) -> torch.Tensor:
    """[rows, max_new_tokens] numbers in [0, 1), a function of (seed, row id) alone."""
    generator = torch.Generator()
    numbers = []
    for row in row_ids:
        generator.manual_seed(sampling.seed * 1_000_003 + row)
        numbers.append(torch.rand(sampling.max_new_tokens, generator=generator))
    return torch.stack(numbers)


def _additive(visible: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[rows, queries, keys] of bool -> [rows, 1, queries, keys]: 0 where visible, the lowest number elsewhere."""
    mask = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
    return mask.masked_fill(~visible, torch.finfo(dtype).min)[:, None]


def stop_tokens(tokenizer: Any, stop: tuple[str, ...]) -> Stop | None:
    """The tokens that hold a whole stop string, at which sampling can end early; None without stop strings.

    A stop string that is spread over several tokens is only cut from the text afterwards.
    """
    if not stop:
        return None
    texts = [tokenizer.decode([token], skip_special_tokens=True) for token in range(len(tokenizer))]
    ids = [token for token, text in enumerate(texts) if any(string in text for string in stop)]
    return Stop(ids, [token for token, text in enumerate(texts) if text and not text.strip()])


def _ids(stop: Stop | None) -> tuple[list[int], list[int]]:
    return ([], []) if stop is None else (stop.ids, stop.blank)


def _complete(tokenizer: Any, rollout: Rollout, stop: tuple[str, ...]) -> Completion:
    ids = rollout.tokens[:-1] if rollout.tokens[-1] == tokenizer.eos_token_id else rollout.tokens
    text = str(tokenizer.decode(ids, skip_special_tokens=True))
    lead = len(text) - len(text.lstrip())
    cuts = [place for place in (text.find(string, lead) for string in stop) if place >= 0]
    return Completion(text[: min(cuts)] if cuts else text, len(rollout.tokens), rollout.finished or bool(cuts))
