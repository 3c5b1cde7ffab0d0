"""What Apple's GPUs (MPS) do otherwise: they have no float64."""

import torch
from torch import Tensor

from lmstudy.config import TrainerConfig

WITHOUT_FLOAT64 = {"mps"}
"""Kinds of devices, as `torch.device.type` names them."""


def exact(values: Tensor) -> Tensor:
    """The same in float64: on its device or, where that has no such numbers, on the processor."""
    return (values.cpu() if values.device.type in WITHOUT_FLOAT64 else values).double()


def gpu_names(config: TrainerConfig) -> list[str]:
    """The GPUs of a run as a record names them; Apple's are a part of the processor, which the record names, too."""
    if config.accelerator == "mps":
        return ["Apple GPU (MPS)"]
    return [torch.cuda.get_device_name(i) for i in range(config.devices if config.accelerator == "gpu" else 0)]
