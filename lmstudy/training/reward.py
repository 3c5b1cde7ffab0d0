"""Learning a reward from single ratings, as a LightningModule."""

from typing import Any

import lightning as L
import torch
from torch import Tensor
from torchmetrics import CatMetric

from lmstudy.models.reward import RewardModel
from lmstudy.training.optimizers import AdamW
from lmstudy.training.reward_data import RewardBatch
from lmstudy.training.reward_losses import RewardLoss, chance_above


def pair_accuracy(rewards_B: Tensor, counts_BL: Tensor) -> Tensor:
    """How often rewards order two texts as a random rating of each does, ties of ratings left out.

    Equal rewards are half right. Over all pairs of texts; NaN where no rating differs from another text's.
    """
    above_BB = chance_above(counts_BL)
    ahead_BB = torch.heaviside(rewards_B[:, None] - rewards_B[None, :], above_BB.new_tensor(0.5))
    return (above_BB * ahead_BB).sum() / above_BB.sum()


class RewardModule(L.LightningModule):
    """Trains a reward model by a loss, and measures it on rated texts that it has not seen.

    Args:
        model: texts in, rewards out; each of its members learns alone.
        loss: see `lmstudy.training.reward_losses.RewardLoss`.
        optimizer: settings that build an optimiser for the model and know its schedule.
        steps: length of the training, for the schedule.
        levels: the scale that texts were rated on, from worst to best.
        seed: of dropout.
    """

    levels: Tensor

    def __init__(
        self,
        model: RewardModel,
        loss: RewardLoss,
        optimizer: AdamW,
        steps: int,
        levels: tuple[float, ...],
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model, self.loss, self.optimizer_settings, self.steps, self.seed = model, loss, optimizer, steps, seed
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.rewards, self.counts = CatMetric(), CatMetric()

    def forward(self, batch: RewardBatch) -> Tensor:
        """Rewards [B]."""
        return self.model(batch.rows)

    def training_step(self, batch: RewardBatch, index: int) -> Tensor:
        torch.manual_seed((self.seed << 32) + self.global_step)  # dropout, the same in a training that was resumed
        rewards_MB = self.model.members(batch.rows)
        loss = torch.stack([self.loss(rewards_B, batch.counts, self.levels) for rewards_B in rewards_MB]).sum()
        self.log("train/loss", loss.detach())
        return loss

    def validation_step(self, batch: RewardBatch, index: int) -> None:
        self.rewards.update(self(batch))
        self.counts.update(batch.counts)

    def on_validation_epoch_end(self) -> None:
        rewards, counts = self.rewards.compute(), self.counts.compute()
        self.log_dict(
            {
                "valid/loss": self.loss(rewards, counts, self.levels),
                "valid/pair_accuracy": pair_accuracy(rewards, counts),
            }
        )
        self.rewards.reset()
        self.counts.reset()

    def configure_gradient_clipping(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        """Clip by the L2 norm of all gradients."""
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.optimizer_settings.clip)

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer_settings.build(self.model)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: self.optimizer_settings.factor(step, self.steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
