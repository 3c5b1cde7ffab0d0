"""A LightningModule that is trained as settings of an optimiser say."""

from typing import Any

import lightning as L
import torch

from lmstudy.training.optimizers import AdamW


class Optimised(L.LightningModule):
    """A module whose own parameters are trained as its settings say.

    Args:
        optimizer: settings that build an optimiser and know its schedule.
        steps: length of the training, for the schedule.
    """

    def __init__(self, optimizer: AdamW, steps: int) -> None:
        super().__init__()
        self.optimizer_settings, self.steps = optimizer, steps

    def configure_gradient_clipping(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        """Clip by the L2 norm of all gradients."""
        torch.nn.utils.clip_grad_norm_(self.parameters(), self.optimizer_settings.clip)

    def configure_optimizers(self) -> Any:
        return self.optimizer_settings.scheduled(self, self.steps)
