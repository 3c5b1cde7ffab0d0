"""Texts with their single ratings, as batches for a reward model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmstudy.data.batches.by_length import shuffled
from lmstudy.data.text_rows import Row, Rows, side_by_side
from lmstudy.errors import StudyError


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

    def batch(self, index: NDArray[np.int64]) -> RewardBatch:
        return RewardBatch(side_by_side([self.rows[i] for i in index]), torch.from_numpy(self.counts[index]))


@dataclass
class RewardBatches:
    """Endless batches (see `lmstudy.data.batches.by_length`)."""

    rated: RewardTexts
    size: int
    seed: int
    first_step: int = 0

    def __iter__(self) -> Iterator[RewardBatch]:
        lengths = np.array([len(row.tokens) for row in self.rated.rows])
        for index in shuffled(lengths, self.size, self.seed, self.first_step):
            yield self.rated.batch(index)


class RewardDataModule(L.LightningDataModule):
    """Batches of rated texts.

    Args:
        train, valid: rated texts.
        size: texts a batch holds, at most.
        seed: order of the texts.

    Raises:
        StudyError: there is nothing to train on, or to validate on.
    """

    def __init__(self, train: RewardTexts, valid: RewardTexts, size: int, seed: int) -> None:
        super().__init__()
        for name, rated in (("train", train), ("valid", valid)):
            if len(rated) < 2:
                raise StudyError(f"the {name} split has {len(rated)} rated texts: two are needed to compare any")
        self.rated = {"train": train, "valid": valid}
        self.size, self.seed = size, seed

    def train_dataloader(self) -> RewardBatches:
        first_step = self.trainer.global_step if self.trainer else 0
        return RewardBatches(self.rated["train"], self.size, self.seed, first_step)

    def val_dataloader(self) -> "InOrder":
        return InOrder(self.rated["valid"])


EVALUATED = 256
"""Texts that are judged at a time where nothing is learned."""


@dataclass(frozen=True)
class InOrder:
    """All texts once, in their order."""

    rated: RewardTexts

    def __len__(self) -> int:
        return -(-len(self.rated) // EVALUATED)

    def __iter__(self) -> Iterator[RewardBatch]:
        for start in range(0, len(self.rated), EVALUATED):
            yield self.rated.batch(np.arange(start, min(start + EVALUATED, len(self.rated))))
