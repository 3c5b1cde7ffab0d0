"""Learning a reward from single ratings: texts with their ratings as batches, and a LightningModule."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import CatMetric

from lmstudy.data.text_rows import Row, Rows, side_by_side
from lmstudy.errors import StudyError
from lmstudy.models.reward import RewardModel
from lmstudy.training.batches import ExampleData
from lmstudy.training.optimised import Optimised
from lmstudy.training.optimizers import AdamW
from lmstudy.training.reward_losses import RewardLoss, chance_above


class RewardBatch(NamedTuple):
    """B texts."""

    rows: Rows
    counts: Tensor
    """[B, L] float32: how many people gave each level"""


@dataclass(frozen=True)
class RewardTexts:
    """Texts as they are read, and their ratings."""

    rows: list[Row]
    counts: NDArray[np.float32]
    """[texts, L]: how many people gave each level"""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[texts] tokens of each."""
        return np.array([len(row.tokens) for row in self.rows])

    def batch(self, index: NDArray[np.int64]) -> RewardBatch:
        """The texts of these numbers."""
        return RewardBatch(side_by_side([self.rows[i] for i in index]), torch.from_numpy(self.counts[index]))


EVALUATED = 256
"""Texts that are judged at a time where nothing is learned."""


class RewardDataModule(ExampleData):
    """Batches of rated texts; arguments as of `ExampleData`.

    Raises:
        StudyError: there is nothing to train on, or to validate on.
    """

    def __init__(self, train: RewardTexts, valid: RewardTexts, size: int, seed: int) -> None:
        for name, rated in (("train", train), ("valid", valid)):
            if len(rated) < 2:
                raise StudyError(f"the {name} split has {len(rated)} rated texts: two are needed to compare any")
        super().__init__(train, valid, size, seed, EVALUATED)


def pair_accuracy(rewards_B: Tensor, counts_BL: Tensor) -> Tensor:
    """How often rewards order two texts as a random rating of each does, ties of ratings left out.

    Equal rewards are half right. Over all pairs of texts; NaN where no rating differs from another text's.
    """
    above_BB = chance_above(counts_BL)
    ahead_BB = torch.heaviside(rewards_B[:, None] - rewards_B[None, :], above_BB.new_tensor(0.5))
    return (above_BB * ahead_BB).sum() / above_BB.sum()


class RewardModule(Optimised):
    """Trains a reward model by a loss, and measures it on rated texts that it has not seen.

    Args:
        model: texts in, rewards out; each of its members learns alone.
        loss: see `lmstudy.training.reward_losses.RewardLoss`.
        optimizer, steps: as of `Optimised`.
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
        super().__init__(optimizer, steps)
        self.model, self.loss, self.seed = model, loss, seed
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
