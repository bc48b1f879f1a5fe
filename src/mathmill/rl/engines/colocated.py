"""vLLM in this process (optional extra `vllm`): weights are handed over after each update."""

from pathlib import Path
from typing import Any

from mathmill.rl.engines.handover import EXTENSION, request, rollout, write_policy
from mathmill.rl.rollout import Rollout, Sampling, Stop
from mathmill.workflow.errors import UserError


class VllmEngine:
    """vllm.LLM beside the trainer, on the same devices.

    folder: the model folder it starts from; scratch: where weights are handed over (a memory disk is quickest); eos:
    the token that ends an output; options: further arguments of vllm.LLM (gpu_memory_utilization, max_model_len ...).
    Raises UserError where vllm is not installed.
    """

    def __init__(self, folder: Path, scratch: Path, eos: int, options: dict[str, Any] | None = None) -> None:
        try:
            import vllm
        except ImportError as error:
            raise UserError("rl.engine=vllm: vllm is not installed (pip install 'mathmill[vllm]')") from error
        self.vllm, self.scratch, self.eos = vllm, scratch, eos
        # processed: of the distribution that was sampled from, temperature and top-p included; raw knows neither.
        chosen = {
            "gpu_memory_utilization": 0.4,
            "enable_prefix_caching": True,  # the prompt of a group is prefilled once
            "logprobs_mode": "processed_logprobs",
            **(options or {}),
        }
        self.llm = vllm.LLM(model=str(folder), worker_extension_cls=EXTENSION, **chosen)

    def generate(
        self,
        prompts: list[list[int]],
        n: int,
        sampling: Sampling,
        row_ids: list[int] | None = None,
        stop: Stop | None = None,
    ) -> list[Rollout]:
        """See Engine.generate. Log-probabilities are after top-p, where that is below 1."""
        rows = row_ids or list(range(len(prompts) * n))
        asked = [{"prompt_token_ids": prompt} for prompt in prompts for _ in range(n)]
        settings = [self.vllm.SamplingParams(**request(sampling, row, self.eos), detokenize=False) for row in rows]
        answers = [one.outputs[0] for one in self.llm.generate(asked, settings, use_tqdm=False)]
        return [
            rollout(
                list(answer.token_ids),
                [entry[token].logprob for token, entry in zip(answer.token_ids, answer.logprobs, strict=True)],
                answer.finish_reason == "stop",
                stop,
            )
            for answer in answers
        ]

    def update(self, model: Any) -> None:
        """Give vLLM the weights of `model` (whole, not a rank's shard), and drop prefixes cached under the old ones."""
        self.llm.collective_rpc("load_policy", args=(str(write_policy(model, self.scratch)),))
        self.llm.reset_prefix_cache()
