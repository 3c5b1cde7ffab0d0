"""Fine-tuning as a LightningModule: text to text, or a head on the encoder that tells a label or a span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassF1Score

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.training.batches import InOrder, padded
from lmstudy.training.optimised import Optimised
from lmstudy.training.optimizers import AdamW

Ids = NDArray[np.int32]


class TunedBatch(NamedTuple):
    """B examples, one a row."""

    text: Seq2SeqBatch
    label: Tensor
    """[B] int64: the number of each example's label; -1 where answers are free text"""
    span: Tensor
    """[B, 2] int64: the encoder's positions of the answer's first and last token; -1 where there is none"""

    @property
    def target_tokens(self) -> Tensor:
        return self.text.target_tokens


def side_by_side(sources: Sequence[Ids], targets: Sequence[Ids]) -> Seq2SeqBatch:
    """Examples as rows: the encoder reads a start token and the source, the decoder writes target and end token."""
    read = [np.concatenate([[BOS], source]) for source in sources]
    encoder = padded(read, PAD)
    # By length, and not by PAD: an example's numbers are its own.
    there = torch.arange(encoder.shape[1]) < torch.tensor([len(row) for row in read])[:, None]
    labels = padded([[*target, EOS] for target in targets], IGNORE)
    written = padded([[BOS, *target] for target in targets], PAD)
    known = labels != IGNORE
    return Seq2SeqBatch(encoder, there.long(), written, known.long(), labels, known.sum(), torch.zeros_like(labels))


MONITORED: dict[str, tuple[str, Literal["min", "max"]]] = {
    "labels": ("valid/f1", "max"),
    "text": ("valid/loss", "min"),
}
"""What is looked at to keep the best weights: of a head for labels their macro F1, since with few examples the loss
grows with confidence long before the labels get worse; else the loss."""

EVALUATED = 128
"""Examples that are looked at together where nothing is learned."""


@dataclass(frozen=True)
class TokenPairs:
    """Examples in tokens."""

    sources: list[Ids]
    targets: list[Ids]
    labels: NDArray[np.int64]
    """Number of each example's label, or -1."""
    cut: int
    """Examples of which a side was longer than the context, and was cut there."""
    spans: NDArray[np.int64]
    """[examples, 2]: first and last token of the source that an answer stands in, or -1."""

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[examples] tokens of source and target."""
        return np.array([len(s) + len(t) for s, t in zip(self.sources, self.targets, strict=True)])

    def in_order(self) -> InOrder:
        """All examples once, as batches of `EVALUATED`."""
        return InOrder(self, EVALUATED)

    def batch(self, index: NDArray[np.int64]) -> TunedBatch:
        """The examples of these numbers."""
        text = side_by_side([self.sources[i] for i in index], [self.targets[i] for i in index])
        spans = self.spans[index]
        behind_start = torch.from_numpy(np.where(spans < 0, -1, spans + 1))
        return TunedBatch(text, torch.from_numpy(self.labels[index]), behind_start)


class Head(nn.Module):
    """logits = W mean_s h_s + b over what the encoder or the decoder makes of a text's tokens: [B, labels]; 0 at first.

    Args:
        width: of the network's hidden states.
        labels: how many there are.
        decoder: the decoder reads the text, as a language model does (Radford et al. 2018), and not the encoder.
    """

    def __init__(self, width: int, labels: int, decoder: bool = False) -> None:
        super().__init__()
        self.decoder = decoder
        self.linear = nn.Linear(width, labels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, hidden_BSD: Tensor, documents_BS: Tensor) -> Tensor:
        there = (documents_BS > 0).unsqueeze(-1)
        mean_BD = (hidden_BSD * there).sum(1) / there.sum(1)
        return self.linear(mean_BD)


class SpanHead(nn.Module):
    """Logits of each position to be the answer's first and its last: [B, 2, S] (Devlin et al. 2019, section 4.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, memory_BSD: Tensor, documents_BS: Tensor) -> Tensor:
        logits_B2S = self.linear(memory_BSD).transpose(1, 2)
        readable_BS = documents_BS > 0
        readable_BS = readable_BS & (torch.arange(readable_BS.shape[1], device=readable_BS.device) > 0)
        return logits_B2S.masked_fill(~readable_BS[:, None], float("-inf"))


def best_spans(logits_B2S: Tensor, longest: int) -> Tensor:
    """[B, 2]: the most probable first and last position, at most `longest` positions long."""
    first_BS, last_BS = logits_B2S.log_softmax(-1).unbind(1)
    scores_BSS = first_BS[:, :, None] + last_BS[:, None, :]
    size = scores_BSS.shape[1]
    allowed = torch.ones(size, size, dtype=torch.bool, device=scores_BSS.device).triu().tril(longest - 1)
    best_B = scores_BSS.masked_fill(~allowed, float("-inf")).flatten(1).argmax(1)
    return torch.stack([best_B // size, best_B % size], 1)


class FineTuningModule(Optimised):
    """Trains a model on examples.

    Without a head the loss is the cross-entropy of the target's tokens, behind the source; with one it is that of
    the label, or of the first and the last position of the answer, and the decoder has no part.

    Args:
        model: a `Seq2SeqTransformer`, pretrained or not.
        optimizer, steps: as of `Optimised`.
        head: a `Head` or a `SpanHead`, or None.
        label_weights: [labels] of the examples of each label in the loss; None: all count alike.
    """

    label_weights: Tensor | None

    def __init__(
        self,
        model: Any,
        optimizer: AdamW,
        steps: int,
        head: Head | SpanHead | None = None,
        label_weights: Tensor | None = None,
    ) -> None:
        super().__init__(optimizer, steps)
        self.register_buffer("label_weights", label_weights, persistent=False)
        self.model, self.head = model, head
        self.losses = MeanMetric()
        self.f1 = MulticlassF1Score(head.linear.out_features, average="macro") if isinstance(head, Head) else None

    def head_logits(self, batch: TunedBatch) -> Tensor:
        """[B, labels] or [B, 2, S].

        Raises:
            StudyError: there is no head.
        """
        if self.head is None:
            raise StudyError("this model answers in text: it has no head")
        tokens, documents = batch.text.encoder_tokens, batch.text.encoder_documents
        if isinstance(self.head, Head) and self.head.decoder:
            memory = self.model.encode(tokens[:, :1], documents[:, :1])  # a start token, as at the start of documents
            return self.head(self.model.decode(tokens, documents, memory, documents[:, :1]), documents)
        return self.head(self.model.encode(tokens, documents), documents)

    def target_log_probability(self, batch: TunedBatch) -> Tensor:
        """[B]: log-probability of each example's whole target, end token included."""
        loss_BT = F.cross_entropy(
            self.model(batch.text).transpose(1, 2), batch.text.labels, ignore_index=IGNORE, reduction="none"
        )
        return -loss_BT.sum(1)

    def loss(self, batch: TunedBatch) -> Tensor:
        """The mean over target tokens, or over examples where there is a head, in nats."""
        if isinstance(self.head, SpanHead):
            there = batch.span[:, 0] >= 0
            logits = self.head_logits(batch)[there].flatten(0, 1)
            return F.cross_entropy(logits, batch.span[there].flatten(), reduction="sum") / max(len(logits), 1)
        if self.head is not None:
            return F.cross_entropy(self.head_logits(batch), batch.label, self.label_weights)
        logits = self.model(batch.text)
        return F.cross_entropy(logits.flatten(0, 1), batch.text.labels.flatten(), ignore_index=IGNORE)

    def training_step(self, batch: TunedBatch, index: int) -> Tensor:
        loss = self.loss(batch)
        self.log("train/loss", loss.detach())
        return loss

    def validation_step(self, batch: TunedBatch, index: int) -> None:
        weight: Any = batch.target_tokens if self.head is None else len(batch.label)
        if isinstance(self.head, SpanHead):
            weight = (batch.span[:, 0] >= 0).sum()
        if self.f1 is None:
            self.losses.update(self.loss(batch), weight)
        else:
            logits = self.head_logits(batch)
            self.losses.update(F.cross_entropy(logits, batch.label), weight)
            self.f1.update(logits, batch.label)

    def on_validation_epoch_end(self) -> None:
        self.log("valid/loss", self.losses.compute())
        self.losses.reset()
        if self.f1 is not None:
            self.log("valid/f1", self.f1.compute())
            self.f1.reset()
