"""The transformers engine: the policy that is trained samples by itself."""

from typing import Any

from mathmill.rl.rollout import Rollout, Sampling, Stop, generate


class TransformersEngine:
    """Samples from the very weights that are trained, so there is nothing to hand over.

    eos: the token that ends an output; rows: sequences sampled side by side (memory only: no sample depends on it).
    """

    def __init__(self, model: Any, eos: int, rows: int) -> None:
        self.model, self.eos, self.rows = model, eos, rows

    def generate(
        self,
        prompts: list[list[int]],
        n: int,
        sampling: Sampling,
        row_ids: list[int] | None = None,
        stop: Stop | None = None,
    ) -> list[Rollout]:
        """See Engine.generate. The model is in eval mode meanwhile."""
        ids = row_ids or list(range(len(prompts) * n))
        per_batch = max(1, self.rows // n)
        training = self.model.training
        self.model.eval()
        rollouts: list[Rollout] = []
        for start in range(0, len(prompts), per_batch):
            some = prompts[start : start + per_batch]
            rows = ids[start * n : (start + len(some)) * n]
            rollouts += generate(self.model, some, n, sampling, self.eos, row_ids=rows, stop=stop)
        self.model.train(training)
        return rollouts

    def update(self, model: Any) -> None:
        """Sample from `model` from now on."""
        self.model = model
