"""Optimisers with their learning-rate schedules."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from lmstudy.errors import StudyError


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up to the full rate, then decay to `final` of it over the last `decay_share` of the steps.

    `linear` and `cosine` are the shapes of the decay; `decay_share=1` decays from the end of the warm-up,
    a smaller one keeps the full rate first (warm-up, stable, decay).
    """

    warmup_steps: int = 60
    decay: Literal["linear", "cosine", "none"] = "linear"
    decay_share: float = 1.0
    final: float = 0.02

    def __post_init__(self) -> None:
        if self.warmup_steps < 0:
            raise StudyError(f"optimizer.warmup_steps={self.warmup_steps} must be at least 0")
        for name in ("decay_share", "final"):
            if not 0 <= getattr(self, name) <= 1:
                raise StudyError(f"optimizer.{name}={getattr(self, name)} must lie between 0 and 1")

    def factor(self, step: int, steps: int) -> float:
        """Share of the full learning rate at a step of `steps`."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        if self.decay == "none":
            return 1.0
        length = self._decaying(steps)
        progress = 1.0 - (steps - step) / max(length, 1)
        progress = min(max(progress, 0.0), 1.0)
        shape = 1 - progress if self.decay == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
        return self.final + (1 - self.final) * shape

    def _decaying(self, steps: int) -> float:
        """Steps over which the rate falls."""
        return min(steps - self.warmup_steps, self.decay_share * steps)

    def full_until(self, steps: int) -> int:
        """The last step of `steps` that is at the full rate."""
        return steps if self.decay == "none" else math.floor(steps - self._decaying(steps))


def gate_matrices(model: nn.Module) -> list[nn.Parameter]:
    """Matrices of LSTM layers, in each of which the four gates' lie one below the other."""
    stacks = [module for module in model.modules() if isinstance(module, nn.LSTM)]
    return [value for stack in stacks for name, value in stack.named_parameters() if name.startswith("weight")]


def split_by_decay(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Parameters that decay (matrices of linear and LSTM layers) and those that do not (norms, biases, embeddings)."""
    # By the kind of layer, not by shape: parameters that are sharded are flat.
    matrices = {id(m.weight) for m in model.modules() if isinstance(m, nn.Linear)}
    matrices |= {id(value) for value in gate_matrices(model)}
    trained = [p for p in model.parameters() if p.requires_grad]
    return [p for p in trained if id(p) in matrices], [p for p in trained if id(p) not in matrices]


def positive(settings: Schedule, name: str) -> None:
    """Raises StudyError unless this setting of an optimiser is above 0."""
    if getattr(settings, name) <= 0:
        raise StudyError(f"optimizer.{name}={getattr(settings, name)} must be positive")


def below_one(settings: Schedule, name: str) -> None:
    """Raises StudyError unless this setting of an optimiser, what it keeps of its averages, is a share below 1."""
    if not 0 <= getattr(settings, name) < 1:
        raise StudyError(f"optimizer.{name}={getattr(settings, name)} must be at least 0 and below 1")


@dataclass(frozen=True)
class AdamW(Schedule):
    """AdamW (Loshchilov & Hutter 2019), PyTorch's fused kernel; gradients clipped to `clip` (L2 norm)."""

    lr: float = 2e-3
    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    clip: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("lr", "clip"):
            positive(self, name)
        for name in ("beta1", "beta2"):
            below_one(self, name)
        if self.weight_decay < 0:
            raise StudyError(f"optimizer.weight_decay={self.weight_decay} must be at least 0")

    def build(self, model: nn.Module, products: torch.dtype = torch.float32) -> torch.optim.Optimizer:
        """The optimiser of a model's trained parameters.

        Args:
            model: what is trained.
            products: the type of the optimiser's own matrix products, if it has any.
        """
        decayed, kept = split_by_decay(model)
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": kept, "weight_decay": 0.0}]
        return torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=self.lr, betas=(self.beta1, self.beta2), fused=True
        )

    def scheduled(self, model: nn.Module, steps: int, products: torch.dtype = torch.float32) -> dict[str, Any]:
        """The optimiser of a model with its schedule over a training of `steps`, as Lightning takes them."""
        optimizer = self.build(model, products)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.factor(step, steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
