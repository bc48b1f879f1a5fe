"""What the two vLLM engines share: the wording of a request, its answer as a Rollout, and weights as a file."""

import os
from pathlib import Path
from typing import Any

from mathmill.rl.rollout import Rollout, Sampling, Stop

EXTENSION = "mathmill.rl.engines.worker.PolicyLoader"  # what vLLM's workers mix in, so that they can take weights


def request(sampling: Sampling, row: int, eos: int) -> dict[str, Any]:
    """The sampling parameters of one row, in vLLM's words: its random numbers depend on (seed, row) alone.

    Everything that a model folder's generation_config.json could change is said. Stop tokens are not given to vLLM,
    which cannot be told that they count only behind leading white space; `rollout` cuts at them.
    """
    return {
        "n": 1,
        "max_tokens": sampling.max_new_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "seed": (sampling.seed * 1_000_003 + row) % (1 << 63),
        "logprobs": 0,  # of the sampled token alone
        "stop_token_ids": [eos],
        "ignore_eos": True,  # eos stands among the stop tokens: the folder may name another one
    }


def rollout(tokens: list[int], logprobs: list[float], stopped: bool, stop: Stop | None) -> Rollout:
    """A Rollout of what vLLM returned; stopped: its finish_reason is "stop". Cut at the first stop token that counts.

    Raises ValueError where there are not as many log-probabilities as tokens.
    """
    if len(tokens) != len(logprobs) or not tokens:
        raise ValueError(f"vLLM returned {len(tokens)} tokens and {len(logprobs)} log-probabilities")
    begun = False
    for place, token in enumerate(tokens if stop else []):
        assert stop is not None
        if begun and token in stop.ids:
            return Rollout(tokens[: place + 1], logprobs[: place + 1], finished=True)
        begun = begun or token not in stop.blank
    return Rollout(tokens, logprobs, finished=stopped)


def write_policy(model: Any, folder: Path) -> Path:
    """Write the weights of `model` to folder/policy.safetensors, under transformers' names, each tied matrix once."""
    from safetensors.torch import save_file

    seen: set[int] = set()
    weights = {}
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            weights[name] = tensor.detach().cpu().contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "policy.safetensors"
    beside = folder / "policy.safetensors.writing"
    save_file(weights, beside)
    os.replace(beside, target)
    return target.resolve()
