"""The training step of the product without what is around it: no Trainer, no logging, no callbacks."""

from typing import Any

import torch
from torch import nn

from lmstudy.benchmark.contenders.ours import loss
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.preferences.objectives.base import Objective
from lmstudy.training.optimizers import AdamW


class BareTraining:
    """Loss, gradients, clipping, optimiser, schedule: a step of `lmstudy.training.pretraining`, in one process.

    Args:
        model: as `PretrainingModule` takes it, compiled or not.
        objective: what is minimised.
        settings: of the optimiser.
        steps: length of the training, for the schedule.
    """

    def __init__(self, model: nn.Module, objective: Objective, settings: AdamW, steps: int) -> None:
        self.model: Any = model
        self.objective: Any = objective
        self.settings = settings
        self.optimizer = settings.build(model)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: settings.factor(step, steps))

    def step(self, batch: Seq2SeqBatch) -> float:
        """One step; returns the loss before it, nats a label."""
        value = loss(self.model, self.objective, batch)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return float(value.detach())
