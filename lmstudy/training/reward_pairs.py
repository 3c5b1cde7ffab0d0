"""Learning a reward from pairs of texts of which people prefer one: pairs as batches, and a LightningModule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import CatMetric

from lmstudy.data.text_rows import Row, Rows, side_by_side
from lmstudy.models.reward import RewardModel
from lmstudy.training.batches import ExampleData
from lmstudy.training.optimised import Optimised
from lmstudy.training.optimizers import AdamW


class PairRows(NamedTuple):
    """P pairs."""

    rows: Rows
    """2 P texts: all chosen ones, then the rejected ones in the same order"""


@dataclass(frozen=True)
class PairTexts:
    """Pairs as they are read, the chosen text first."""

    pairs: Sequence[tuple[Row, Row]]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[pairs] tokens of the longer text of each."""
        return np.array([max(len(row.tokens) for row in pair) for pair in self.pairs])

    def batch(self, index: NDArray[np.int64]) -> PairRows:
        """The pairs of these numbers."""
        return PairRows(side_by_side([self.pairs[i][side] for side in (0, 1) for i in index]))


EVALUATED = 128
"""Pairs that are judged at a time where nothing is learned."""


class PairDataModule(ExampleData):
    """Batches of pairs; arguments as of `ExampleData`."""

    def __init__(self, train: PairTexts, valid: PairTexts, size: int, seed: int) -> None:
        super().__init__(train, valid, size, seed, EVALUATED)


def pair_loss(rewards_2P: Tensor) -> Tensor:
    """-mean log sigmoid(r_w - r_l): row 0 of the rewards is of chosen texts, row 1 of rejected ones (Bradley & Terry
    1952)."""
    return -F.logsigmoid(rewards_2P[0] - rewards_2P[1]).mean()


class PairRewardModule(Optimised):
    """Trains a reward model by `pair_loss`, and measures it on pairs that it has not seen.

    Args:
        model: texts in, rewards out; each of its members learns alone.
        optimizer, steps: as of `Optimised`.
        seed: of dropout.
    """

    def __init__(self, model: RewardModel, optimizer: AdamW, steps: int, seed: int = 0) -> None:
        super().__init__(optimizer, steps)
        self.model, self.seed = model, seed
        self.apart = CatMetric()

    def training_step(self, batch: PairRows, index: int) -> Tensor:
        torch.manual_seed((self.seed << 32) + self.global_step)  # dropout, the same in a training that was resumed
        members_M2P = self.model.members(batch.rows).unflatten(1, (2, -1))
        loss = torch.stack([pair_loss(rewards_2P) for rewards_2P in members_M2P]).sum()
        self.log("train/loss", loss.detach())
        return loss

    def validation_step(self, batch: PairRows, index: int) -> None:
        rewards_2P = self.model(batch.rows).view(2, -1)
        self.apart.update(rewards_2P[0] - rewards_2P[1])

    def on_validation_epoch_end(self) -> None:
        apart = self.apart.compute()
        right = torch.heaviside(apart, apart.new_tensor(0.5)).mean()
        self.log_dict({"valid/loss": -F.logsigmoid(apart).mean(), "valid/pair_accuracy": right})
        self.apart.reset()
