"""The two sides of benchmarks/rl.py: each in a process of its own that takes a step when it is told to."""

import random
import tempfile
from types import SimpleNamespace
from typing import Any

from turns import Turns

PROMPTS, GROUP, LONGEST, VOCAB, EOS = 16, 8, 64, 512, 1
LR = 1e-4


def tokenizer_of() -> Any:
    """Bytes, and fillers up to the model's vocabulary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<bos>", "<eos>", "<pad>", *alphabet]
    names += [f"<{place}>" for place in range(VOCAB - len(names))]
    raw = Tokenizer(models.BPE({name: place for place, name in enumerate(names)}, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", padding_side="left"
    )


def model_of(ragged: bool) -> Any:
    import torch
    from transformers.models.llama.modeling_llama import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCAB,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=256,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=EOS,
        pad_token_id=2,
    )
    model = LlamaForCausalLM(config)
    if ragged:
        with torch.no_grad():  # a constant part in every state, and an output row for eos that answers to it
            model.get_input_embeddings().weight += 0.4
            model.get_output_embeddings().weight[EOS] = 3.2 / 192
    return model


def prompts_of() -> list[str]:
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz 0123456789"
    return ["".join(draw.choice(letters) for _ in range(draw.randint(39, 48))) for _ in range(PROMPTS)]


def reward_of(tokens: list[int]) -> float:
    return sum(token < VOCAB // 2 for token in tokens) / max(1, len(tokens))


def optim_of(lr: float, precision: str) -> Any:
    from mathmill.training.config import OptimConfig

    return OptimConfig(
        lr=lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, clip=1.0, schedule="constant", precision=precision
    )


def turns_of() -> Turns:
    return Turns(extra=("generate_cpu", "tokens", "reward"), megabyte=1 << 20)


def run_ours(ragged: bool, settings: dict[str, Any]) -> None:
    """RlModule in a Lightning trainer, as `fit` builds it. settings: precision, lr, seed."""
    import lightning.pytorch as lightning
    import torch

    from mathmill.rl.config import RlConfig, SamplingConfig
    from mathmill.rl.module import RlModule
    from mathmill.rl.questions import Question
    from mathmill.rl.rewards import Judged
    from mathmill.training.data import StepDataset, StepLoader
    from mathmill.training.devices import equip
    from mathmill.workflow.config import TrainerConfig

    torch.set_float32_matmul_precision(TrainerConfig().precision_matmul)  # as every stage starts
    turns, tokenizer, texts = turns_of(), tokenizer_of(), prompts_of()
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]

    class Module(RlModule):
        """Prompts and reward of the benchmark; all else is the project's."""

        def _prompts(self, questions: list[Question]) -> list[list[int]]:
            return ids[: len(questions)]

        def training_step(self, batch: Any, index: int) -> Any:
            turns.begin()
            figures = super().training_step(batch, index)
            self.done += 1
            turns.extra["tokens"] = figures["tokens"]
            turns.end()
            return figures

    def judge(questions: Any, prompts: Any, rollouts: Any) -> Judged:
        rewards = torch.tensor([reward_of(r.tokens) for r in rollouts]).view(len(questions), GROUP)
        turns.extra["reward"] = float(rewards.mean())
        return Judged(rewards > 0, rewards, [[len(r.tokens) - 1] for r in rollouts], [[0.0]] * len(rollouts))

    questions = [Question(text, "0", "en") for text in texts]
    config = RlConfig(
        seed=settings["seed"],
        beta=0.0,
        aggregation="token",
        outputs=GROUP,
        questions_per_step=PROMPTS,
        eval_every=1 << 30,
        update_tokens=4096,
        sampling=SamplingConfig(max_new_tokens=LONGEST),
        optim=optim_of(settings["lr"], settings["precision"]),
    )
    module = Module(model_of(ragged), tokenizer, None, config, lambda step: 1.0, questions[:1])
    module.judge.judge = judge
    module.engine.generate = turns.timed("generate_cpu", module.engine.generate)
    equip(module.model, TrainerConfig())
    module.train()
    size = PROMPTS * GROUP

    def make(step: int, rank: int, world: int) -> dict[str, Any]:
        return {"questions": questions, "row_ids": list(range(step * size, (step + 1) * size)), "spare": []}

    trainer = lightning.Trainer(
        accelerator="cpu",
        precision=settings["precision"],
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, StepLoader(StepDataset(make, lambda: 0, 1 << 30, lambda: (0, 1))))


def trl_trainer(
    folder: str,
    ragged: bool,
    micro: int,
    weights: str = "float32",
    autocast: bool = False,
    products: str = "highest",
    checkpointing: bool = False,
    lr: float = LR,
    seed: int = 0,
    turns: Turns | None = None,
) -> Any:
    import datasets
    import torch
    from trl import GRPOConfig, GRPOTrainer

    datasets.disable_progress_bars()
    torch.set_float32_matmul_precision(products)
    args = GRPOConfig(
        output_dir=folder,
        use_cpu=True,
        bf16=autocast,
        gradient_checkpointing=checkpointing,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=PROMPTS * GROUP // micro,
        num_generations=GROUP,
        max_completion_length=LONGEST,
        temperature=1.0,
        beta=0.0,
        loss_type="dapo",
        learning_rate=lr,
        seed=seed,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        max_grad_norm=1.0,
        max_steps=1 << 20,
        shuffle_dataset=False,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        use_bias_correction_kl=False,
    )
    data = datasets.Dataset.from_dict({"prompt": prompts_of()})

    def reward(completion_ids: list[list[int]], **_: Any) -> list[float]:
        rewards = [reward_of(ids) for ids in completion_ids]
        if turns:
            turns.extra["reward"] = sum(rewards) / len(rewards)
        return rewards

    model = model_of(ragged).to(getattr(torch, weights))
    return GRPOTrainer(model=model, reward_funcs=reward, args=args, train_dataset=data, processing_class=tokenizer_of())


def run_trl(ragged: bool, settings: dict[str, Any]) -> None:
    from transformers import TrainerCallback

    turns = turns_of()

    class Steps(TrainerCallback):
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            turns.begin()

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            turns.end()

    with tempfile.TemporaryDirectory() as folder:
        trainer = trl_trainer(folder, ragged, turns=turns, **settings)
        trainer._generate_single_turn = turns.timed("generate_cpu", trainer._generate_single_turn)
        score = trainer._generate_and_score_completions

        def counted(inputs: Any) -> Any:
            output = score(inputs)
            turns.extra["tokens"] = int(output["completion_mask"].sum())
            return output

        trainer._generate_and_score_completions = counted
        trainer.add_callback(Steps())
        trainer.train()


def check() -> dict[str, Any]:
    """Largest differences between the two on the same tokens: log-probabilities, losses, gradients (relative)."""
    import torch

    from mathmill.rl.likelihood import Sequence, micro_batches, token_logprobs
    from mathmill.rl.module import RlModule
    from mathmill.rl.objective import Settings, Tokens, clipped

    draw = torch.Generator().manual_seed(1)
    tokenizer = tokenizer_of()
    prompts = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in prompts_of()[:4]]
    lengths = torch.randint(1, 40, (16,), generator=draw).tolist()
    outputs = [torch.randint(3, VOCAB, (length,), generator=draw).tolist() for length in lengths]
    wide, longest = max(map(len, prompts)), max(lengths)
    padded = {name: torch.zeros(16, width).long() for name, width in (("prompt", wide), ("completion", longest))}
    masks = {name: torch.zeros_like(value) for name, value in padded.items()}
    for row, output in enumerate(outputs):
        prompt = prompts[row // 4]
        padded["prompt"][row, wide - len(prompt) :] = torch.tensor(prompt)
        masks["prompt"][row, wide - len(prompt) :] = 1
        padded["completion"][row, : len(output)] = torch.tensor(output)
        masks["completion"][row, : len(output)] = 1
    mask = masks["completion"].float()
    credit = torch.randn(16, 1, generator=draw)
    noise = 0.3 * torch.randn(16, longest, generator=draw)
    away = 0.3 * torch.randn(16, longest, generator=draw)
    inputs = {f"{n}_ids": v for n, v in padded.items()} | {f"{n}_mask": v for n, v in masks.items()}
    inputs |= {"advantages": credit[:, 0], "num_items_in_batch": mask.sum()}
    found: dict[str, Any] = {}

    def gradient(model: Any) -> torch.Tensor:
        flat = torch.cat([p.grad.flatten() for n, p in model.named_parameters() if "embed" not in n])
        model.zero_grad()
        return flat

    def log_probabilities(model: Any) -> torch.Tensor:
        with torch.no_grad():
            values, _ = token_logprobs(model, batch, 1.0)
        return ((values - base[back]) * mask[back]).abs().max()

    def loss_of(model: Any, level: str, aggregation: str, beta: float) -> torch.Tensor:
        policy, _ = token_logprobs(model, batch, 1.0)
        tokens = Tokens(policy.detach(), (base + noise)[back], (base + away)[back], credit[back], mask[back].clone())
        objective = clipped(tokens, Settings(ratio=level, beta=beta))
        config = SimpleNamespace(aggregation=aggregation, sampling=SimpleNamespace(max_new_tokens=LONGEST))
        module = SimpleNamespace(config=config, _outputs=16, _tokens=float(mask.sum()))
        weight = RlModule._token_weights(module, mask[back])
        carried = objective.value + objective.coefficient * (policy - policy.detach())
        return -(carried * weight).sum()

    with tempfile.TemporaryDirectory() as folder:
        trainer = trl_trainer(folder, False, micro=16)
        theirs, ours = trainer.model.train(), model_of(False).train()
        trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation = 1
        whole = torch.cat([padded["prompt"], padded["completion"]], 1)
        seen = torch.cat([masks["prompt"], masks["completion"]], 1)
        with torch.no_grad():
            base, _, _ = trainer._get_per_token_logps_and_entropies(theirs, whole, seen, longest)
        inputs |= {"old_per_token_logps": base + noise, "ref_per_token_logps": base + away}
        sequences = [Sequence(prompts[row // 4], output) for row, output in enumerate(outputs)]
        (batch,) = micro_batches(sequences, list(range(16)), 1 << 20, torch.device("cpu"))
        back = torch.tensor(batch.rows)
        found["log-probabilities"] = float(log_probabilities(ours))
        for kind, level, aggregation, beta in (
            ("grpo", "token", "output", 0.0),
            ("grpo", "token", "output", 0.04),
            ("dapo", "token", "token", 0.0),
            ("bnpo", "token", "token", 0.0),
            ("dr_grpo", "token", "constant", 0.0),
            ("grpo", "sequence", "output", 0.0),
        ):
            trainer.loss_type, trainer.importance_sampling_level, trainer.beta = kind, level, beta
            expected = trainer._compute_loss(theirs, inputs)
            expected.backward()
            loss = loss_of(ours, level, aggregation, beta)
            loss.backward()
            one, other = gradient(ours), gradient(theirs)
            name = f"{kind} {level}" + (f" beta {beta}" if beta else "")
            found[name] = {
                "loss": float((loss - expected).detach().abs()),
                "gradient": float((one - other).norm() / other.norm()),
            }
        # A ratio near the edge of the clip falls on either side of it by rounding alone: here all are near one.
        noise, inputs["old_per_token_logps"] = torch.zeros_like(noise), base
        trainer.loss_type, trainer.importance_sampling_level, trainer.beta = "dapo", "token", 0.0
        trainer._compute_loss(theirs, inputs).backward()
        exact = gradient(theirs)
        with torch.autocast("cpu", torch.bfloat16):
            loss_of(ours, "token", "token", 0.0).backward()
            found["bfloat16: log-probabilities"] = float(log_probabilities(ours))
        found["bfloat16: gradient"] = float((gradient(ours) - exact).norm() / exact.norm())
        trainer._compute_loss(theirs.bfloat16(), inputs).backward()
        found["bfloat16: gradient of TRL"] = float((gradient(theirs).float() - exact).norm() / exact.norm())
    return found


def agrees(found: dict[str, Any]) -> bool:
    pairs = [value for value in found.values() if isinstance(value, dict)]
    near = all(value["loss"] < 1e-5 and value["gradient"] < 1e-4 for value in pairs)
    near = near and found["bfloat16: gradient"] < 0.03 and found["bfloat16: log-probabilities"] < 0.1
    return near and found["log-probabilities"] < 1e-4
