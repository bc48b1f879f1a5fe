"""Configuration of section `runtime`: what changes no result (threads, devices, stores), so no DVC stage lists it."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class EngineConfig:
    """Where the shard engine runs its shards, and how much trouble it bears."""

    backend: str = option(
        "pool",
        "serial: in this process; pool: worker processes; ray: tasks on a Ray cluster",
        choices=["serial", "pool", "ray"],
    )
    workers: int | None = option(
        None, "shards at work at the same time; null: runtime.workers, and without that one a core", ge=1
    )
    progress: bool = option(True, "a progress bar for each task; runtime.progress=false silences it as well")
    ray_address: str | None = option(
        None,
        "the Ray cluster (auto, host:6379); null: RAY_ADDRESS, and without that a Ray of this machine alone",
    )
    part: str | None = option(None, "do this part of the shards and stop (3/16); set by --shard, see docs/cluster.md")
    page_timeout: float = option(
        20.0,
        "seconds that one page may take before it is set aside (reason timeout); two thirds of hang_timeout are added "
        "for a page that got less than half of them in CPU time",
        gt=0,
    )
    hang_timeout: float = option(
        30.0, "more seconds before a worker that does not even answer is killed (its page: reason hang)", gt=0
    )
    retries: int = option(1, "how often a failed shard is run again", ge=0)
    page_deaths: int = option(
        3, "deaths of a worker process at one page before the page is set aside (reason crash or hang)", ge=1
    )
    crashes: int = option(20, "deaths of a worker process that one shard may cause before it is failed", ge=1)
    bad_pages: float = option(
        0.5, "a shard with a larger share of failed pages fails: code or input must be wrong", gt=0, le=1
    )


@dataclass
class FetchConfig:
    """How patiently files at addresses (https://, s3://) are read."""

    attempts: int = option(8, "tries in a row without one new byte before a file is set aside", ge=1)
    timeout: float = option(60.0, "seconds that one request may take", gt=0)
    pause: float = option(1.0, "seconds before the second try; each further one waits twice as long, to 60", ge=0)
    block: int = option(8 << 20, "bytes that one request asks for at most; a reader holds three blocks", ge=1 << 14)


@dataclass
class TrainerConfig:
    """How Lightning spreads a training phase over devices."""

    strategy: str = option(
        "auto",
        "how a training phase is spread over the processes; deepspeed_stage_N is ZeRO stage N",
        choices=["auto", "ddp", *(f"deepspeed_stage_{n}{kind}" for n in (1, 2, 3) for kind in ("", "_offload"))],
    )
    accelerator: str = option("cpu", "Lightning accelerator", choices=["auto", "cpu", "gpu", "cuda", "mps"])
    devices: int = option(1, "processes on one node", ge=1)
    num_nodes: int = option(1, "nodes", ge=1)
    precision_matmul: str = option(
        "highest",
        "torch.set_float32_matmul_precision; medium speeds float32 products up on some CPUs and slows them on others",
        choices=["medium", "high", "highest"],
    )
    attention: str = option(
        "sdpa",
        "how transformers computes attention; results equal up to rounding",
        choices=["eager", "sdpa", "flash_attention_2"],
    )
    activation_checkpointing: bool = option(
        False, "keep only the input of every block for the backward pass and compute the rest again: a third more work"
    )
    compile: bool = option(False, "torch.compile every block: a minute of compiling, then faster on GPUs")
    peak_flops: float | None = option(
        None,
        "operations a second that one device reaches at best in the precision of the run (H100, bf16: 989e12), for the "
        "model FLOP utilisation; null: none is logged",
        gt=0,
    )


@dataclass
class RuntimeConfig:
    """Everything about a run that may differ between machines without changing its results (up to rounding)."""

    threads: int | None = option(1, "threads of one process (OMP, MKL, torch); null: the library's own choice", ge=1)
    workers: int | None = option(None, "worker processes of the shard engine; null: one a core", ge=1)
    progress: bool = option(True, "progress bars on stderr")
    log_every: int = option(10, "steps between two logged points of a training curve", ge=1)
    micro_batch: int | None = option(
        None,
        "sequences or rollouts in one forward pass (results equal up to rounding); null: the stage's choice",
        ge=1,
    )
    checkpoint_every_seconds: float = option(60.0, "seconds between two checkpoints of a long loop", ge=0)
    tracking_uri: str | None = option(None, "MLflow store; null: sqlite file mlflow.db at the project root")
    scratch: str | None = option(None, "folder of unfinished work; null: .work at the project root")
    lock_timeout: float = option(60.0, "seconds to wait for another process that works on the same stage", ge=0)
    engine: EngineConfig = option(EngineConfig, "the shard engine")
    fetch: FetchConfig = option(FetchConfig, "files at addresses")
    trainer: TrainerConfig = option(TrainerConfig, "devices of a training phase")

    def settle(self) -> None:
        """Hand what holds for all of the run down to the engine; done once a stage starts, after all overrides."""
        self.engine.progress = self.engine.progress and self.progress
        self.engine.workers = self.engine.workers or self.workers
