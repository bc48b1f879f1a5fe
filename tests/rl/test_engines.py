"""Rollout engines: the policy itself, vLLM in the process (a fake module), vLLM's HTTP endpoint (a real server)."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from rl_models import tiny

from mathmill.rl.engines.base import engine_of
from mathmill.rl.engines.worker import PolicyLoader
from mathmill.rl.rollout import Sampling, Stop, generate
from mathmill.workflow.errors import ConfigError, UserError

EOS = 1
PROMPTS = [[0, 5, 6, 7], [0, 9], [0, 11, 12, 13]]


class Worker(PolicyLoader):
    """The part of a vLLM worker that weights go through: a transformers model with vLLM's load_weights."""

    def __init__(self, model) -> None:
        self.model = model

        def load_weights(weights) -> None:
            missing, unexpected = model.load_state_dict(dict(weights), strict=False)
            assert not missing
            assert not unexpected

        self.model_runner = SimpleNamespace(model=SimpleNamespace(load_weights=load_weights))

    def answer(self, prompt: list[int], asked: dict) -> tuple[list[int], list[float], str]:
        """Sampled by transformers, ended by the request's own stop token."""
        assert asked["ignore_eos"]
        assert (asked["n"], asked["logprobs"], asked["top_k"]) == (1, 0, -1)
        settings = Sampling(asked["max_tokens"], asked["temperature"], asked["top_p"])
        (eos,) = asked["stop_token_ids"]
        (row,) = generate(self.model, [prompt], 1, settings, eos, row_ids=[asked["seed"]])
        return row.tokens, row.logprobs, "stop" if row.finished else "length"


@pytest.fixture
def fake_vllm(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A module called vllm with the parts of its public interface that are used."""
    made = SimpleNamespace()

    class SamplingParams:
        def __init__(self, **settings) -> None:
            self.settings = settings

    class LLM:
        def __init__(self, model: str, worker_extension_cls: str, **options) -> None:
            assert worker_extension_cls == "mathmill.rl.engines.worker.PolicyLoader"
            assert options["logprobs_mode"] == "processed_logprobs"
            self.options, self.worker, self.resets = options, Worker(tiny(40, seed=0)), 0
            made.llm = self

        def generate(self, prompts, sampling_params, use_tqdm):
            assert len(prompts) == len(sampling_params)
            outputs = []
            for prompt, params in zip(prompts, sampling_params, strict=True):
                assert params.settings["detokenize"] is False
                ids, logprobs, reason = self.worker.answer(prompt["prompt_token_ids"], params.settings)
                entries = [{i: SimpleNamespace(logprob=v)} for i, v in zip(ids, logprobs, strict=True)]
                one = SimpleNamespace(token_ids=ids, logprobs=entries, finish_reason=reason)
                outputs.append(SimpleNamespace(outputs=[one]))
            return outputs

        def collective_rpc(self, method: str, args: tuple):
            return [getattr(self.worker, method)(*args)]

        def reset_prefix_cache(self) -> None:
            self.resets += 1

    module = ModuleType("vllm")
    module.LLM, module.SamplingParams = LLM, SamplingParams
    monkeypatch.setitem(sys.modules, "vllm", module)
    return made


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """vLLM's HTTP surface over a transformers model; `failures`: how many requests are answered 503 first."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/v1/models"
            self.reply({"data": [{"id": "policy"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.seen.append(self.path)
            if self.server.failures > 0:
                self.server.failures -= 1
                self.reply({"error": "busy"}, 503)
            elif self.path == "/v1/completions":
                assert body["model"] == "policy"
                assert body["return_tokens_as_token_ids"]
                with self.server.lock:
                    ids, values, reason = self.server.worker.answer(body["prompt"], body)
                listed = {"tokens": [f"token_id:{i}" for i in ids], "token_logprobs": values}
                self.reply({"choices": [{"logprobs": listed, "finish_reason": reason}]})
            elif self.path == "/collective_rpc" and self.server.development:
                self.reply({"results": [getattr(self.server.worker, body["method"])(*body["args"])]})
            elif self.path == "/reset_prefix_cache" and self.server.development:
                self.send_response(200)
                self.end_headers()
            else:
                self.reply({"detail": "Not Found"}, 404)

        def reply(self, value: object, code: int = 200) -> None:
            data = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.worker, httpd.seen, httpd.failures, httpd.development = Worker(tiny(40, seed=0)), [], 0, True
    httpd.lock = threading.Lock()
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def same(ours, theirs) -> None:
    assert [r.tokens for r in ours] == [r.tokens for r in theirs]
    assert [r.finished for r in ours] == [r.finished for r in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(torch.tensor(one.logprobs), torch.tensor(other.logprobs), atol=1e-4)


def test_the_policy_samples_the_same_however_many_rows_at_a_time() -> None:
    model = tiny(40).train()
    settings = Sampling(12, seed=3)
    expected = generate(model.eval(), PROMPTS, 4, settings, EOS, row_ids=list(range(7, 19)))
    model.train()
    for rows in (1, 4, 9, 100):
        engine = engine_of("transformers", model, EOS, rows)
        same(engine.generate(PROMPTS, 4, settings, list(range(7, 19))), expected)
        assert model.training
    engine.update(tiny(40, seed=1))
    assert [r.tokens for r in engine.generate(PROMPTS, 4, settings)] != [r.tokens for r in expected]


@pytest.mark.parametrize("mode", ["colocated", "server"])
def test_vllm_samples_what_transformers_samples(mode: str, fake_vllm, server, tmp_path: Path) -> None:
    """Same random numbers by (seed, row), same ends, and after `update` the new policy."""
    stop = Stop([20, 21], [20, 3])  # 20 is also white space: it ends nothing at the start of an output
    settings = Sampling(14, temperature=0.9, seed=0)
    where = address(server) if mode == "server" else None
    engine = engine_of("vllm", None, EOS, 8, folder=tmp_path, scratch=tmp_path / "weights", address=where)
    rows = list(range(100, 100 + 4 * len(PROMPTS)))
    for policy in (tiny(40, seed=0), tiny(40, seed=1)):
        with torch.no_grad():
            policy.get_output_embeddings().weight[[EOS, 20, 21]] += 0.4
        engine.update(policy)
        expected = generate(policy, PROMPTS, 4, settings, EOS, row_ids=rows, stop=stop)
        assert {r.finished for r in expected} == {True, False}
        same(engine.generate(PROMPTS, 4, settings, rows, stop), expected)
    if mode == "server":
        assert server.seen.count("/reset_prefix_cache") == 2
    else:
        assert fake_vllm.llm.resets == 2


def test_vllm_takes_further_arguments(fake_vllm, tmp_path: Path) -> None:
    options = {"max_model_len": 512, "gpu_memory_utilization": 0.2}
    engine_of("vllm", None, EOS, 8, folder=tmp_path, scratch=tmp_path, options=options)
    assert options.items() <= fake_vllm.llm.options.items()


def test_tied_weights_are_handed_over_once(fake_vllm, tmp_path: Path) -> None:
    from safetensors import safe_open

    from mathmill.rl.engines.handover import write_policy

    model = tiny(40)
    model.config.tie_word_embeddings = True
    model.lm_head.weight = model.model.embed_tokens.weight
    with safe_open(write_policy(model, tmp_path), framework="pt") as file:
        assert "model.embed_tokens.weight" in file.keys()  # noqa: SIM118
        assert "lm_head.weight" not in file.keys()  # noqa: SIM118


def test_a_server_that_is_busy_is_asked_again_and_one_that_is_away_named(server, tmp_path: Path) -> None:
    engine = engine_of("vllm", None, EOS, 8, folder=tmp_path, scratch=tmp_path, address=address(server))
    server.failures = 2
    assert len(engine.generate([[0, 5]], 1, Sampling(3))) == 1
    server.development = False
    with pytest.raises(UserError, match=r"404.*VLLM_SERVER_DEV_MODE"):
        engine.update(tiny(40))
    with pytest.raises(UserError, match="is the vLLM server up"):
        engine_of("vllm", None, EOS, 8, folder=tmp_path, scratch=tmp_path, address="http://127.0.0.1:9")


def test_what_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rl\.engine=sglang"):
        engine_of("sglang", None, EOS, 8)
    with pytest.raises(ConfigError, match="model folder"):
        engine_of("vllm", None, EOS, 8)
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match=r"mathmill\[vllm\]"):
        engine_of("vllm", None, EOS, 8, folder=tmp_path, scratch=tmp_path)
