"""What reinforcement learning asks of a rollout engine, and how one is made from plain values."""

from pathlib import Path
from typing import Any, Protocol

from mathmill.rl.rollout import Rollout, Sampling, Stop
from mathmill.workflow.errors import ConfigError


class Engine(Protocol):
    """A sampler of the policy. The order of calls in a step: update (unless the weights are the same), generate."""

    def generate(
        self,
        prompts: list[list[int]],
        n: int,
        sampling: Sampling,
        row_ids: list[int] | None = None,
        stop: Stop | None = None,
    ) -> list[Rollout]:
        """N rollouts of every prompt of token ids, in order: all of the first prompt, then all of the second ...

        row_ids: the identity of each of the len(prompts) * n rows; its random numbers belong to (seed, identity), so
        that a resumed run samples what the undisturbed one samples.
        """

    def update(self, model: Any) -> None:
        """Sample from these weights from now on."""


def engine_of(
    name: str,
    model: Any,
    eos: int,
    rows: int,
    *,
    folder: Path | None = None,
    scratch: Path | None = None,
    address: str | None = None,
    options: dict[str, Any] | None = None,
) -> Engine:
    """The engine called `name`, sampling from `model`; rows: sequences side by side (transformers only).

    For vllm: folder: the model folder it starts from; scratch: where weights are handed over; address: of a running
    server (http://host:8000), None to run vLLM in this process; options: further arguments of vllm.LLM.
    Raises ConfigError for an unknown name, or where vllm lacks a folder.
    """
    if name == "transformers":
        from mathmill.rl.engines.local import TransformersEngine

        return TransformersEngine(model, eos, rows)
    if name != "vllm":
        raise ConfigError(f"rl.engine={name}: must be transformers or vllm")
    if folder is None or scratch is None:
        raise ConfigError("rl.engine=vllm: needs the model folder it starts from and a folder to hand weights over in")
    if address is not None:
        from mathmill.rl.engines.server import ServerEngine

        return ServerEngine(address, scratch, eos)
    from mathmill.rl.engines.colocated import VllmEngine

    return VllmEngine(folder, scratch, eos, options or {})
