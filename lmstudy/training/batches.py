"""Batches of examples that are learned from one by one: shuffled without end, or all of them in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmstudy.data.batches.by_length import shuffled

Ints = NDArray[np.int64]


def padded(rows: Sequence[Any], fill: int) -> Tensor:
    """[B, longest] int64 of B rows of numbers."""
    tensors = [torch.as_tensor(np.asarray(row), dtype=torch.int64) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=fill)


class Examples(Protocol):
    """Examples with numbers from 0."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Ints:
        """[examples] tokens of each, so that examples of like length share a batch."""
        ...

    def batch(self, index: Ints) -> Any:
        """Those of these numbers, as one batch."""
        ...


@dataclass
class Shuffled:
    """Endless batches of at most `size` examples from `first_step` on (see `lmstudy.data.batches.by_length`)."""

    examples: Examples
    size: int
    seed: int
    first_step: int = 0

    def __iter__(self) -> Iterator[Any]:
        for index in shuffled(self.examples.lengths, self.size, self.seed, self.first_step):
            yield self.examples.batch(index)


@dataclass(frozen=True)
class InOrder:
    """All examples once, in their order, `size` at a time: where nothing is learned."""

    examples: Examples
    size: int

    def __len__(self) -> int:
        return -(-len(self.examples) // self.size)

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self.examples), self.size):
            yield self.examples.batch(np.arange(start, min(start + self.size, len(self.examples))))


class ExampleData(L.LightningDataModule):
    """Batches to learn from, which a resumed run goes on with where it was, and to validate on.

    Args:
        train, valid: examples.
        size: of a batch to learn from, at most.
        seed: of the order of the examples.
        evaluated: size of a batch to validate on.
    """

    def __init__(self, train: Examples, valid: Examples, size: int, seed: int, evaluated: int) -> None:
        super().__init__()
        self.train, self.valid, self.size, self.seed, self.evaluated = train, valid, size, seed, evaluated

    def train_dataloader(self) -> Shuffled:
        return Shuffled(self.train, self.size, self.seed, self.trainer.global_step if self.trainer else 0)

    def val_dataloader(self) -> InOrder:
        return InOrder(self.valid, self.evaluated)
