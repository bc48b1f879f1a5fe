"""vLLM behind its OpenAI-compatible HTTP endpoint: a server of its own, which reads the policy's weights from a file.

Start it so (scratch must be on a file system that both sides see):

    VLLM_SERVER_DEV_MODE=1 vllm serve FOLDER --worker-extension-cls mathmill.rl.engines.worker.PolicyLoader \
        --logprobs-mode processed_logprobs --enable-prefix-caching
"""

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mathmill.rl.engines.handover import request, rollout, write_policy
from mathmill.rl.rollout import Rollout, Sampling, Stop
from mathmill.workflow.errors import UserError

_ATTEMPTS = 3


class ServerEngine:
    """A running vLLM server at `address` (http://host:8000).

    scratch: folder where weights are handed over; eos: the token that ends an output; parallel: requests in flight;
    timeout: seconds that one may take. Raises UserError where the server does not answer.
    """

    def __init__(self, address: str, scratch: Path, eos: int, parallel: int = 64, timeout: float = 600.0) -> None:
        self.address, self.scratch, self.eos = address.rstrip("/"), scratch, eos
        self.parallel, self.timeout = parallel, timeout
        self.name = self._ask("/v1/models", None)["data"][0]["id"]

    def generate(
        self,
        prompts: list[list[int]],
        n: int,
        sampling: Sampling,
        row_ids: list[int] | None = None,
        stop: Stop | None = None,
    ) -> list[Rollout]:
        """See Engine.generate: one request for each row, many at a time; the server batches them."""
        rows = row_ids or list(range(len(prompts) * n))
        asked = [prompt for prompt in prompts for _ in range(n)]

        def one(prompt: list[int], row: int) -> Rollout:
            body = {
                "model": self.name,
                "prompt": prompt,
                # Token ids stand in place of text in the list of log-probabilities: text would not give them back.
                "return_tokens_as_token_ids": True,
                **request(sampling, row, self.eos),
            }
            choice = self._ask("/v1/completions", body)["choices"][0]
            tokens = [int(token.removeprefix("token_id:")) for token in choice["logprobs"]["tokens"]]
            return rollout(tokens, choice["logprobs"]["token_logprobs"], choice["finish_reason"] == "stop", stop)

        with ThreadPoolExecutor(self.parallel) as pool:
            return list(pool.map(one, asked, rows))

    def update(self, model: Any) -> None:
        """Give the server the weights of `model` (whole, not a rank's shard); cached prefixes are dropped."""
        path = write_policy(model, self.scratch)
        self._ask("/collective_rpc", {"method": "load_policy", "args": [str(path)]})
        self._ask("/reset_prefix_cache", {})

    def _ask(self, path: str, body: dict[str, Any] | None) -> Any:
        """POST body (GET without one) as JSON and return the answer; a server that is away gets a few tries."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        for attempt in range(_ATTEMPTS):
            try:
                with urllib.request.urlopen(asked, timeout=self.timeout) as answer:
                    text = answer.read()
                return json.loads(text) if text.strip() else None
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")[:500]
                if error.code < 500 or attempt + 1 == _ATTEMPTS:
                    hint = " (started without VLLM_SERVER_DEV_MODE=1?)" if error.code == 404 else ""
                    raise UserError(f"{self.address}{path}: {error.code} {said}{hint}") from error
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                if attempt + 1 == _ATTEMPTS:
                    raise UserError(f"{self.address}{path}: no answer ({error}); is the vLLM server up?") from error
            time.sleep(0.2 * 2**attempt)
        raise AssertionError("every attempt returns or raises")
