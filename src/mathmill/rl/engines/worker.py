"""What a vLLM worker can do for us: take the policy's weights from a file. vLLM mixes this class into its workers."""

from collections.abc import Iterator
from typing import Any


class PolicyLoader:
    """Methods for vLLM's collective_rpc (`worker_extension_cls`); `model_runner` is the worker's own."""

    model_runner: Any

    def load_policy(self, path: str) -> int:
        """Load the safetensors file `path` into the running model; returns the number of tensors read.

        Every worker reads the file and keeps its share: load_weights splits for tensor parallelism by itself.
        """
        from safetensors import safe_open

        read = 0

        def weights() -> Iterator[tuple[str, Any]]:
            nonlocal read
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 (not a mapping)
                    read += 1
                    yield name, file.get_tensor(name)

        self.model_runner.model.load_weights(weights())
        return read
