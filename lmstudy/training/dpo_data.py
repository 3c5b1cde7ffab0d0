"""Batches of pairs of texts, of which one is preferred."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.batches.packing import decoder_input
from lmstudy.data.datamodule import CorpusDataModule, EvaluationBatches
from lmstudy.data.examples import Ints
from lmstudy.data.tokenizer import BOS, PAD


class PairBatch(NamedTuple):
    """P pairs."""

    texts: Seq2SeqBatch
    """2 P rows: all chosen texts, then the rejected ones in the same order"""
    reference: Tensor
    """[P, 2]: log-probabilities under the reference; column 0 chosen, 1 rejected"""

    @property
    def target_tokens(self) -> Tensor:
        return self.texts.target_tokens


@dataclass(frozen=True)
class Pairs:
    """Texts, and which are preferred to which."""

    targets: Sequence[Ints]
    """Token ids of each text, with the end token if it was finished."""
    chosen: Ints
    """[pairs]: number of the text that is preferred"""
    rejected: Ints
    """[pairs]"""
    reference: Tensor
    """[texts]: log-probability of each under the reference (of those that are in no pair: anything)"""

    def __len__(self) -> int:
        return len(self.chosen)


def text_batch(targets: Sequence[Ints]) -> Seq2SeqBatch:
    """One text a row, written from nothing: the encoder reads the start token alone."""
    rows, length = len(targets), max(map(len, targets))
    labels = np.full((rows, length), IGNORE, dtype=np.int64)
    tokens = np.full((rows, length), PAD, dtype=np.int64)
    for row, target in enumerate(targets):
        labels[row, : len(target)] = target
        tokens[row, : len(target)] = decoder_input(target, shifted=True)
    labels_BT = torch.from_numpy(labels)
    return Seq2SeqBatch(
        encoder_tokens=torch.full((rows, 1), BOS),
        encoder_documents=torch.ones(rows, 1, dtype=torch.int64),
        decoder_tokens=torch.from_numpy(tokens),
        decoder_documents=(labels_BT != IGNORE).long(),
        labels=labels_BT,
        target_tokens=(labels_BT != IGNORE).sum(),
        groups=torch.zeros_like(labels_BT),
    )


@dataclass
class PairBatches:
    """Endless batches of `size` pairs, in a new order every epoch: a function of the seed and the first step."""

    pairs: Pairs
    size: int
    seed: int
    first_step: int = 0

    def _order(self) -> Iterator[int]:
        for epoch in count():
            yield from np.random.default_rng([self.seed, 3, epoch]).permutation(len(self.pairs)).tolist()

    def __iter__(self) -> Iterator[PairBatch]:
        order = islice(self._order(), self.first_step * self.size, None)
        while True:
            numbers = list(islice(order, self.size))
            texts = np.stack([self.pairs.chosen[numbers], self.pairs.rejected[numbers]])  # [2, P]
            batch = text_batch([self.pairs.targets[i] for i in texts.flatten().tolist()])
            yield PairBatch(batch, self.pairs.reference[torch.from_numpy(texts.T)])


class PairDataModule(L.LightningDataModule):
    """Trains on pairs, validates on held-out documents.

    Args:
        pairs: what is learned from.
        size: pairs a step.
        seed: of their order.
        held_out: documents to validate on.
    """

    def __init__(self, pairs: Pairs, size: int, seed: int, held_out: CorpusDataModule) -> None:
        super().__init__()
        self.pairs, self.size, self.seed, self.held_out = pairs, size, seed, held_out

    def train_dataloader(self) -> PairBatches:
        first_step = self.trainer.global_step if self.trainer else 0
        return PairBatches(self.pairs, self.size, self.seed, first_step)

    def val_dataloader(self) -> EvaluationBatches:
        return self.held_out.val_dataloader()
