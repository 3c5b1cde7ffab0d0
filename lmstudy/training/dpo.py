"""Direct preference optimisation: a language model learns from pairs of texts which one people mind less."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.batches.packing import decoder_input
from lmstudy.data.datamodule import CorpusDataModule, EvaluationBatches
from lmstudy.data.examples import Ints
from lmstudy.data.tokenizer import BOS, PAD
from lmstudy.training.batches import padded
from lmstudy.training.pretraining import PretrainingModule


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
    labels_BT = padded(targets, IGNORE)
    return Seq2SeqBatch(
        encoder_tokens=torch.full((len(targets), 1), BOS),
        encoder_documents=torch.ones(len(targets), 1, dtype=torch.int64),
        decoder_tokens=padded([decoder_input(target, shifted=True) for target in targets], PAD),
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


def dpo_margins(policy_P2: Tensor, reference_P2: Tensor, beta: float) -> Tensor:
    """How much further from the reference the chosen text went than the rejected one, as implicit rewards [P].

    beta [(log pi(y_w) - log ref(y_w)) - (log pi(y_l) - log ref(y_l))], column 0 chosen (w), 1 rejected (l).
    """
    moved = policy_P2 - reference_P2
    return beta * (moved[:, 0] - moved[:, 1])


def dpo_loss(policy_P2: Tensor, reference_P2: Tensor, beta: float) -> Tensor:
    """L = -mean log sigmoid(margin) over P pairs: log 2 where pi = ref (Rafailov et al. 2023, eq. 7).

    Args:
        policy_P2: log-probabilities of whole texts under the model that learns; column 0 chosen, 1 rejected.
        reference_P2: the same under the model it started as.
        beta: how much leaving the reference costs; the smaller, the further the model goes.
    """
    return -F.logsigmoid(dpo_margins(policy_P2, reference_P2, beta)).mean()


def text_log_probabilities(model: nn.Module, batch: Seq2SeqBatch) -> Tensor:
    """log p [B] of rows that hold one text each: the sum over its labels, in nats."""
    network: Any = model
    chosen_BT = batch.labels != IGNORE
    logits_NV = F.linear(network.hidden(batch)[chosen_BT], network.output_weight)
    losses_N = F.cross_entropy(logits_NV.float(), batch.labels[chosen_BT], reduction="none")
    return losses_N.new_zeros(len(batch.labels)).index_add(0, chosen_BT.nonzero()[:, 0], -losses_N)


class DPOModule(PretrainingModule):
    """Trains a model by `dpo_loss`; measured on held-out documents as in pretraining.

    Logs the loss, `accuracy` (how often the chosen text has the larger implicit reward; equal ones are half right),
    the mean `margin`, and `chosen_drift`: mean log pi(y_w) - log ref(y_w), which falls below 0 where both texts of a
    pair become less probable.

    Args:
        beta: see `dpo_loss`.
        settings: as of `PretrainingModule`.
    """

    def __init__(self, *, beta: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.beta = beta

    def training_step(self, batch: PairBatch, index: int) -> Tensor:  # type: ignore[override]
        policy_P2 = text_log_probabilities(self.model, batch.texts).view(2, -1).mT
        loss = dpo_loss(policy_P2, batch.reference, self.beta)
        with torch.no_grad():
            margins = dpo_margins(policy_P2, batch.reference, self.beta)
            scalars = {
                "loss": loss.detach(),
                "accuracy": torch.heaviside(margins, margins.new_tensor(0.5)).mean(),
                "margin": margins.mean(),
                "chosen_drift": (policy_P2 - batch.reference)[:, 0].mean(),
            }
        self.log_dict({f"train/{name}": value for name, value in scalars.items()})
        return loss
