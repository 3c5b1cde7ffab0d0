"""How much arithmetic a run did a second, and what share that is of what its GPUs can do."""

from collections.abc import Mapping
from typing import Any

import torch
from lightning.fabric.utilities.throughput import get_available_flops
from torch import nn

from lmstudy.config import TrainerConfig
from lmstudy.data.batch import Shape
from lmstudy.models.flops import TRAINING


def peak_flops(config: TrainerConfig) -> float | None:
    """FLOP/s of all GPUs of a run in its precision, as their maker states it; None on a CPU and for unknown GPUs."""
    if config.accelerator != "gpu":
        return None
    dtype = {"32-true": torch.float32, "16-mixed": torch.float16}.get(config.precision, torch.bfloat16)
    one = get_available_flops(torch.device("cuda", 0), dtype)
    return float(one) * config.devices * config.nodes if one else None


def flops_rates(
    model: nn.Module, shape: Shape, steps: int, speed: Mapping[str, float], config: TrainerConfig
) -> dict[str, float]:
    """`flops_per_second` of the model (see `lmstudy.models.flops`) and, on known GPUs, `utilisation` of their peak.

    Args:
        model: without `forward_flops`, a closed form of its FLOPs, nothing is returned.
        shape: the global batch.
        steps: of the whole run.
        speed: target `tokens` of the whole run and `tokens_per_second`, as `Throughput.summary` gives them.
        config: GPUs and precision.
    """
    if not hasattr(model, "forward_flops"):
        return {}
    counted: Any = model
    step = TRAINING * counted.forward_flops(shape.rows, shape.encoder_length, shape.decoder_length)
    rate = speed["tokens_per_second"] / (speed["tokens"] / steps) * step
    peak = peak_flops(config)
    return {"flops_per_second": rate} | ({"utilisation": rate / peak} if peak else {})
