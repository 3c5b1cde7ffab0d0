"""Metrics of a language model, streaming: memory depends on the vocabulary, never on the data."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score, MulticlassRecall

from lmstudy.data.batch import IGNORE, Seq2SeqBatch

BUFFER = 32_768
"""Predictions gathered before the classification metrics see them: each update costs a V x V count."""


class BitsPerByte(Metric):
    """Bits the model needs a byte of text: sum of -log2 p(label) over the UTF-8 bytes that the labels stand for.

    Unlike perplexity it can be compared across tokenizers. End tokens cost bits and bring no byte. Kept by
    document group, [groups, 2] of (bits, bytes), for bootstrap intervals.
    """

    totals: Tensor
    token_bytes: Tensor

    def __init__(self, token_bytes: Tensor, groups: int) -> None:
        super().__init__()
        self.register_buffer("token_bytes", token_bytes.double(), persistent=False)
        self.add_state("totals", torch.zeros(groups, 2, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, nll: Tensor, labels: Tensor, groups: Tensor) -> None:
        """`nll` in nats, `labels` and `groups`, each [n] without ignored positions."""
        bits = nll.double() / math.log(2)
        self.totals.index_add_(0, groups, torch.stack([bits, self.token_bytes[labels]], 1))

    def compute(self) -> Tensor:
        bits, count = self.totals.sum(0)
        return bits / count


class LanguageModelMetrics(nn.Module):
    """Loss (nats a token), perplexity, bits per byte, token accuracy, macro recall and macro F1.

    Recall and F1 are averaged over the vocabulary entries that occur as a label or a prediction, each
    counting alike: they show what accuracy, ruled by frequent tokens, hides.

    Args:
        vocab_size: entries of the vocabulary, V.
        token_bytes: [V] UTF-8 bytes of each.
        groups: document groups.
        banned: tokens that are never written, such as control tokens; probabilities are renormalised without them.
    """

    def __init__(self, vocab_size: int, token_bytes: Tensor, groups: int, banned: Sequence[int] = ()) -> None:
        super().__init__()
        self.banned = list(banned)
        self.loss = MeanMetric()
        self.bits = BitsPerByte(token_bytes, groups)
        common: Any = {"num_classes": vocab_size, "validate_args": False}
        self.classification = MetricCollection(
            {
                "accuracy": MulticlassAccuracy(average="micro", **common),
                "recall": MulticlassRecall(average="macro", **common),
                "f1": MulticlassF1Score(average="macro", **common),
            },
            compute_groups=[["accuracy"], ["recall", "f1"]],
        )
        self._waiting: list[Tensor] = []

    def update(self, logits: Tensor, batch: Seq2SeqBatch) -> None:
        """Take in a batch: logits [B, T, V]."""
        chosen = batch.labels != IGNORE
        labels, predicted = batch.labels[chosen], logits[chosen]
        if self.banned:
            predicted = predicted.index_fill(1, torch.tensor(self.banned, device=predicted.device), float("-inf"))
        nll = F.cross_entropy(predicted.float(), labels, reduction="none")
        self.loss.update(nll)
        self.bits.update(nll, labels, batch.groups[chosen])
        self._waiting.append(torch.stack([predicted.argmax(-1), labels]))
        if sum(pair.shape[1] for pair in self._waiting) >= BUFFER:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            predicted, labels = torch.cat(self._waiting, 1)
            self._waiting = []
            self.classification.update(predicted, labels)

    def compute(self) -> dict[str, float]:
        """All metrics over everything seen (and over all processes)."""
        self._flush()
        loss = float(self.loss.compute())
        values = {
            "loss": loss,
            "perplexity": math.exp(min(loss, 700.0)),
            "bits_per_byte": float(self.bits.compute()),
        }
        return values | {name: float(value) for name, value in self.classification.compute().items()}

    def group_totals(self) -> list[list[float]]:
        """[groups][bits, bytes], summed over processes; call after `compute`."""
        self.bits.compute()
        with self.bits.sync_context(should_sync=self.bits._to_sync):
            return self.bits.totals.tolist()

    def reset(self) -> None:
        self._waiting = []
        self.loss.reset()
        self.bits.reset()
        self.classification.reset()
