"""A group's prompt forwarded once: outputs attend to one copy of its keys and values.

The tokens of a micro-batch are packed into one sequence without padding: a prompt, then the outputs that continue it,
then the next prompt. Each output sits at the positions it would have alone, and a registered attention function of
transformers lets it see its prompt and itself, so every hidden state is that of the plain forward pass up to rounding.
Any family of transformers whose layers take a registered attention function can be run so; `usable` finds out by
comparing both ways on a few tokens, and everything else takes the plain way.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch.nn import functional
from transformers import AttentionInterface

from mathmill.rl.packing import GroupSpan, Packing
from mathmill.rl.prefix_attention import SharedPrefixAttention
from mathmill.training import shapes

NAME = "mathmill_shared_prefix"
_TOLERANCE = 1e-3  # of the probe: far above rounding, far below another attention pattern
_usable: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layout:
    """How a micro-batch is packed into T tokens; N of them are predicted.

    ids, positions [1, T]; before [N]: where each predicted token's predecessor stands; tokens [N]: the predicted
    ones; filled [N]: their places in the flattened [rows, longest]; spans: the groups; width: the longest sequence.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    before: torch.Tensor
    tokens: torch.Tensor
    filled: torch.Tensor
    spans: tuple[GroupSpan, ...]
    width: int


def layout_of(pairs: list[tuple[list[int], list[int]]], device: torch.device) -> Layout:
    """Pack (prompt, output) pairs; neighbours with equal prompts form a group. Outputs must not be empty."""
    ids: list[int] = []
    positions: list[int] = []
    before: list[int] = []
    tokens: list[int] = []
    filled: list[int] = []
    spans = []
    longest = max(len(output) for _, output in pairs)
    row = 0
    while row < len(pairs):
        prompt = pairs[row][0]
        start, last = len(ids), len(ids) + len(prompt) - 1
        ids += prompt
        positions += range(len(prompt))
        lengths = []
        while row < len(pairs) and pairs[row][0] == prompt:
            output = pairs[row][1]
            own = len(ids)
            ids += output[:-1]  # nothing is predicted from the last token
            positions += range(len(prompt), len(prompt) + len(output) - 1)
            before += [last, *range(own, own + len(output) - 1)]
            tokens += output
            filled += range(row * longest, row * longest + len(output))
            lengths.append(len(output) - 1)
            row += 1
        spans.append(GroupSpan(start, len(prompt), tuple(lengths)))
    return Layout(
        ids=torch.tensor([ids], device=device),
        positions=torch.tensor([positions], device=device),
        before=torch.tensor(before, device=device),
        tokens=torch.tensor(tokens, device=device),
        filled=torch.tensor(filled, device=device),
        spans=tuple(spans),
        width=max(len(prompt) + len(output) for prompt, output in pairs),
    )


def hidden_states(model: Any, layout: Layout) -> torch.Tensor:
    """[T, width]: the decoder's last hidden states of the packed tokens. Ask `usable` first."""
    decoder = model.get_decoder()
    tokens = layout.ids.shape[1]
    more = (0, shapes.spare(tokens, layout.ids.device))
    ids, positions = functional.pad(layout.ids, more), functional.pad(layout.positions, more)
    with attending(model, NAME, _forward):
        output = decoder(input_ids=ids, position_ids=positions, use_cache=False, shared_prefix=Packing(layout.spans))
    return output.last_hidden_state[0, :tokens]


def usable(model: Any, layout: Layout) -> bool:
    """Whether the packed way gives this model's hidden states for this micro-batch."""
    window = getattr(model.get_decoder().config, "sliding_window", None)
    if layout.ids.device.type != "cpu" or (window is not None and layout.width > window):
        return False
    # Checkpointed blocks are forwarded again in the backward pass, when `attending` has ended.
    if torch.is_grad_enabled() and model.training and model.is_activation_checkpointing:
        return False
    return takes_attention(model, layout.ids.device)


def takes_attention(model: Any, device: torch.device) -> bool:
    """Whether the model's layers call a registered attention function, and that is all there is to attention.

    Found out once for each model: both ways on a few tokens, down to the logits.
    """
    decoder = model.get_decoder()
    if decoder not in _usable:
        _usable[decoder] = bool(getattr(decoder, "_supports_attention_backend", False)) and _agrees(model, device)
        if not _usable[decoder]:
            _log.info("%s: prompts are forwarded with each output", type(decoder).__name__)
    return _usable[decoder]


@torch.no_grad()
def _agrees(model: Any, device: torch.device) -> bool:
    """Logits of both ways on a few tokens, without dropout and in the weights' own precision."""
    pairs = [([1, 2, 3], [4, 5, 6, 7]), ([1, 2, 3], [5, 4]), ([3, 1], [2, 2, 3])]
    layout = layout_of(pairs, device)
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.autocast(device.type, enabled=False):
            with attending(model, NAME, _forward):
                output = model(
                    input_ids=layout.ids,
                    position_ids=layout.positions,
                    use_cache=False,
                    shared_prefix=Packing(layout.spans),
                )
            packed = output.logits[0, layout.before]
            plain = [
                model(input_ids=torch.tensor([prompt + output], device=device), use_cache=False).logits[
                    0, len(prompt) - 1 : -1
                ]
                for prompt, output in pairs
            ]
    except (TypeError, ValueError, NotImplementedError) as error:  # a family that does not pass arguments on
        _log.info("%s: %s", type(model).__name__, error)
        return False
    finally:
        for module, was in training.items():
            module.training = was
    expected = torch.cat(plain)
    return bool((packed - expected).abs().max() <= _TOLERANCE * expected.abs().max().clamp(min=1))


@contextmanager
def attending(model: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """The layers of the model's decoder call `function`, an attention interface of transformers, meanwhile."""
    AttentionInterface.register(name, function)
    config = model.get_decoder().config
    before = config._attn_implementation
    config._attn_implementation = name
    try:
        yield
    finally:
        config._attn_implementation = before


def _forward(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    shared_prefix: Packing | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Transformers' attention interface: query [1, heads, T, size], key and value of as many or fewer heads."""
    if shared_prefix is None:
        raise TypeError("the layers do not hand the layout to the attention function")
    for name in ("softcap", "s_aux", "position_bias"):
        if others.get(name) is not None:
            raise NotImplementedError(f"attention with {name}")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    dtype = value.dtype  # under autocast queries and keys are of the type of their angles
    with torch.autocast(query.device.type, enabled=False):
        output = SharedPrefixAttention.apply(
            query[0].to(dtype), key[0].to(dtype), value[0], shared_prefix, scale, dropout
        )
    return output[None], None
