"""The Lightning Trainer of a run, and the machine's check before it."""

import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from lmstudy.config import TrainerConfig
from lmstudy.errors import StudyError
from lmstudy.models.transformer import DecoderLayer, EncoderLayer
from lmstudy.training.allocator import keep_freed_memory
from lmstudy.training.callbacks import Interruptible, LastCheckpoint
from lmstudy.training.float16 import Float16
from lmstudy.training.precision import AUTO, FLOAT16, FULL, emulated
from lmstudy.training.whole_checkpoints import WholeCheckpoints


def check_machine(config: TrainerConfig) -> None:
    """Say at once, and in one sentence, what the machine lacks."""
    if config.accelerator == "gpu":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise StudyError("trainer.accelerator=gpu: PyTorch sees no CUDA GPU here; use trainer=cpu")
        if config.devices > count:
            raise StudyError(f"trainer.devices={config.devices}: this machine has {count} GPU(s)")
        bfloat16 = config.precision.startswith("bf16")
        if bfloat16 and not torch.cuda.is_bf16_supported(including_emulation=False):
            name = torch.cuda.get_device_name(0)
            raise StudyError(f"trainer.precision={config.precision}: {name} has no bfloat16; use 16-mixed or 32-true")
    if config.accelerator == "mps":
        _check_mps(config)
    if config.precision == FLOAT16 and (config.accelerator != "gpu" or config.strategy == "fsdp"):
        raise StudyError(
            f"trainer.precision={FLOAT16}: float16 is for CUDA GPUs without bfloat16, one or several by ddp; "
            "trainer.precision=32-true works everywhere"
        )
    if emulated(config.precision, config.accelerator):
        print(
            f"trainer.precision={config.precision}: this processor has no bfloat16 products and emulates them, many "
            "times slower; trainer.precision=auto takes what is faster",
            file=sys.stderr,
        )
    if config.strategy == "fsdp" and config.accelerator != "gpu":
        raise StudyError("trainer.strategy=fsdp shards over GPUs: use trainer.strategy=ddp on a CPU")
    if config.attention == "flex" and (config.accelerator != "gpu" or config.compile is not True):
        raise StudyError(
            "trainer.attention=flex wants trainer.accelerator=gpu and trainer.compile=true, not "
            f"{config.accelerator} and {str(config.compile).lower()}; trainer.attention=dense works everywhere"
        )


def _check_mps(config: TrainerConfig) -> None:
    if not torch.backends.mps.is_available():
        raise StudyError("trainer.accelerator=mps: PyTorch sees no Apple GPU here; use trainer=cpu")
    if config.devices * config.nodes > 1 or config.strategy != "auto":
        raise StudyError("trainer.accelerator=mps is one device: set trainer.devices=1 and trainer.strategy=auto")
    if config.precision not in (FULL, AUTO):
        raise StudyError(f"trainer.precision={config.precision}: trainer.accelerator=mps takes 32-true")


class OneProcess(LightningEnvironment):
    """The environment of a run on one device, whatever a batch system or a launcher says of its own processes.

    Lightning goes by variables such as SLURM_NTASKS and RANK, which may be those of the job that a run is a part of.
    """

    @property
    def creates_processes_externally(self) -> bool:
        return False

    def local_rank(self) -> int:
        return 0

    def node_rank(self) -> int:
        return 0


def _strategy(config: TrainerConfig) -> Any:
    if config.strategy == "ddp":
        from lightning.pytorch.strategies import DDPStrategy

        backend = "nccl" if config.accelerator == "gpu" else "gloo"
        return DDPStrategy(process_group_backend=backend, start_method="popen", gradient_as_bucket_view=True)
    if config.strategy == "fsdp":
        return _fsdp(config.precision)
    return config.strategy


def _fsdp(precision: str) -> Any:
    """Shards layer by layer, so that of all the parameters one layer's exist whole at a time.

    In bfloat16, sums over processes and the rotary table stay in float32: Lightning would lower these too.
    """
    from lightning.pytorch.strategies import FSDPStrategy
    from torch.distributed.fsdp import MixedPrecision

    mixed = MixedPrecision(param_dtype=torch.bfloat16, reduce_dtype=torch.float32, buffer_dtype=torch.float32)
    return FSDPStrategy(
        auto_wrap_policy={EncoderLayer, DecoderLayer}, mixed_precision=mixed if precision == "bf16-mixed" else None
    )


def build_trainer(
    config: TrainerConfig,
    folder: Path,
    steps: int,
    evaluate_every: int,
    callbacks: list[Callback],
    loggers: Sequence[Logger],
) -> L.Trainer:
    """A Trainer that counts steps, not epochs, keeps the last checkpoint, and prints nothing of its own."""
    check_machine(config)
    precision: Any = config.precision
    scaled = [Float16("cuda" if config.accelerator == "gpu" else "cpu")] if precision == FLOAT16 else []
    if precision == AUTO:
        raise AssertionError("`precision.resolved` comes before a run has an id")
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.accelerator == "gpu":
        torch.set_float32_matmul_precision("high")  # TF32 for what stays in float32
    keep_freed_memory()
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # The loaders build batches from memory-mapped tokens in microseconds: worker processes would only cost.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists and is not empty.*")
    warnings.filterwarnings("ignore", "The dirpath has changed")  # a trunk's checkpoint is of another run's folder
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
    processes = config.devices * config.nodes
    if processes == 1:
        rank_zero_only.rank = 0  # type: ignore[attr-defined]
    checkpoint = LastCheckpoint(folder / "checkpoints", config.checkpoint_every, evaluate_every)
    return L.Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=_strategy(config),
        precision=None if scaled else precision,
        max_steps=steps,
        max_epochs=-1,
        val_check_interval=evaluate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        inference_mode=False,  # compiled graphs know no tensors of that mode: they would be compiled again
        log_every_n_steps=config.log_every,
        callbacks=[*callbacks, Interruptible(), checkpoint],
        logger=list(loggers),
        plugins=[WholeCheckpoints(), *scaled, *([OneProcess()] if processes == 1 else [])],
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
