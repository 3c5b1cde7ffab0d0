"""Preference optimisation: a language model learns from pairs of texts which one people mind less.

DPO is one loss of pairs (`lmstudy.preferences.losses`), and gave the command and this file their names.
"""

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
from lmstudy.preferences.losses.base import PairLikelihoods, PreferenceLoss
from lmstudy.preferences.losses.dpo import dpo_margins
from lmstudy.training.batches import padded
from lmstudy.training.pretraining import PretrainingModule


class PairBatch(NamedTuple):
    """P pairs."""

    texts: Seq2SeqBatch
    """2 P rows: all chosen texts, then the rejected ones in the same order"""
    reference: Tensor
    """[P, 2]: log-probabilities under the reference; column 0 chosen, 1 rejected"""
    strangers: Seq2SeqBatch | None = None
    """P rows: the prompt of each pair with a text that belongs to another one"""
    strangers_reference: Tensor | None = None
    """[P]: their log-probabilities under the reference"""

    @property
    def target_tokens(self) -> Tensor:
        return self.texts.target_tokens


@dataclass(frozen=True)
class Texts:
    """Texts as a model writes them.

    Args:
        targets: token ids of each, with the end token if it was finished.
        sources: token ids that the encoder reads before each, without the start token; empty: nothing for all.
        begun: how many tokens at the beginning of each target are given and not judged; empty: none of all.
    """

    targets: Sequence[Ints]
    sources: Sequence[Ints] = ()
    begun: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.targets)

    def batch(self, numbers: Sequence[int], of: Sequence[int] | None = None) -> Seq2SeqBatch:
        """One text a row; `of` names the texts whose prompts stand in the place of their own."""
        prompts = numbers if of is None else of
        return text_batch(
            [self.targets[i] for i in numbers],
            [self.sources[i] for i in prompts] if len(self.sources) else (),
            [self.begun[i] for i in numbers] if len(self.begun) else (),
        )


@dataclass(frozen=True)
class Pairs:
    """Texts, and which are preferred to which."""

    texts: Texts
    chosen: Ints
    """[pairs]: number of the text that is preferred"""
    rejected: Ints
    """[pairs]"""
    reference: Tensor
    """[texts]: log-probability of each under the reference (of those that are in no pair: anything)"""
    strangers: Ints | None = None
    """[pairs]: number of a text that belongs to another prompt, for losses that ask how far a model drifted"""
    strangers_reference: Tensor | None = None
    """[pairs]: log-probability of each of them behind the prompt of the pair's chosen text"""

    def __len__(self) -> int:
        return len(self.chosen)

    def batch(self, numbers: Ints) -> PairBatch:
        """The pairs of these numbers."""
        texts = np.stack([self.chosen[numbers], self.rejected[numbers]])  # [2, P]
        found = PairBatch(self.texts.batch(texts.flatten().tolist()), self.reference[torch.from_numpy(texts.T)])
        if self.strangers is None or self.strangers_reference is None:
            return found
        strangers = self.texts.batch(self.strangers[numbers].tolist(), of=texts[0].tolist())
        return found._replace(
            strangers=strangers, strangers_reference=self.strangers_reference[torch.from_numpy(numbers)]
        )


def text_batch(targets: Sequence[Ints], sources: Sequence[Ints] = (), begun: Sequence[int] = ()) -> Seq2SeqBatch:
    """One text a row: the encoder reads the start token, and behind it what stands before the text, if anything does.

    Args:
        targets, sources, begun: as of `Texts`; what a target begins with has no label.
    """
    rows = [np.array([BOS, *source]) for source in (sources if len(sources) else [()] * len(targets))]
    labels_BT = padded(targets, IGNORE)
    decoder_documents_BT = (labels_BT != IGNORE).long()
    for row, given in enumerate(begun):
        labels_BT[row, :given] = IGNORE
    return Seq2SeqBatch(
        encoder_tokens=padded(rows, PAD),
        encoder_documents=padded([np.ones(len(row)) for row in rows], 0),
        decoder_tokens=padded([decoder_input(target, shifted=True) for target in targets], PAD),
        decoder_documents=decoder_documents_BT,
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
            yield self.pairs.batch(np.fromiter(islice(order, self.size), dtype=np.int64))


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


def text_log_probabilities(model: nn.Module, batch: Seq2SeqBatch) -> Tensor:
    """log p [B] of rows that hold one text each: the sum over its labels, in nats."""
    network: Any = model
    chosen_BT = batch.labels != IGNORE
    logits_NV = F.linear(network.hidden(batch)[chosen_BT], network.output_weight)
    losses_N = F.cross_entropy(logits_NV.float(), batch.labels[chosen_BT], reduction="none")
    return losses_N.new_zeros(len(batch.labels)).index_add(0, chosen_BT.nonzero()[:, 0], -losses_N)


def text_lengths(batch: Seq2SeqBatch) -> Tensor:
    """[B] labels of each row."""
    return (batch.labels != IGNORE).sum(1)


class DPOModule(PretrainingModule):
    """Trains a model by a loss of pairs; measured on held-out documents as in pretraining.

    Logs the loss, `accuracy` (how often the chosen text has the larger implicit reward; equal ones are half right),
    the mean `margin` (`dpo_margins`), and `chosen_drift`: mean log pi(y_w) - log ref(y_w), which falls below 0 where
    both texts of a pair become less probable.

    Args:
        loss: see `lmstudy.preferences.losses.base`.
        settings: as of `PretrainingModule`.
    """

    def __init__(self, *, loss: PreferenceLoss, **settings: Any) -> None:
        super().__init__(**settings)
        self.loss = loss

    def training_step(self, batch: PairBatch, index: int) -> Tensor:  # type: ignore[override]
        policy_P2 = text_log_probabilities(self.model, batch.texts).view(2, -1).mT
        tokens_P2 = text_lengths(batch.texts).view(2, -1).mT
        drift = self._drift(batch, policy_P2) if self.loss.drifts else policy_P2.new_zeros(())
        loss = self.loss(PairLikelihoods(policy_P2, batch.reference, tokens_P2, drift))
        with torch.no_grad():
            margins = dpo_margins(policy_P2, batch.reference, self.loss.beta)
            scalars = {
                "loss": loss.detach(),
                "accuracy": torch.heaviside(margins, margins.new_tensor(0.5)).mean(),
                "margin": margins.mean(),
                "chosen_drift": (policy_P2 - batch.reference)[:, 0].mean(),
            }
        self.log_dict({f"train/{name}": value for name, value in scalars.items()})
        return loss

    @torch.no_grad()
    def _drift(self, batch: PairBatch, policy_P2: Tensor) -> Tensor:
        """See `PairLikelihoods.drift`. Texts written from nothing share a prompt, and are strangers themselves."""
        if batch.strangers is None or batch.strangers_reference is None:
            return (policy_P2.detach() - batch.reference).mean()
        return (text_log_probabilities(self.model, batch.strangers) - batch.strangers_reference).mean()
