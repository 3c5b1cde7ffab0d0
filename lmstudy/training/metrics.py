"""Metrics of a language model, streaming: memory depends on the vocabulary, never on the data."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.training.devices import WITHOUT_FLOAT64, exact
from lmstudy.training.surprisal import judged


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
        bits = exact(nll) / math.log(2)
        bytes_ = self.token_bytes[labels.to(bits.device)]
        self.totals.index_add_(0, groups.to(bits.device), torch.stack([bits, bytes_], 1))

    def _apply(self, fn: Callable[..., Tensor], *given: Any, **named: Any) -> Any:
        if fn(torch.empty(0)).device.type in WITHOUT_FLOAT64:
            return self  # sums stay where there is float64
        return super()._apply(fn, *given, **named)

    def compute(self) -> Tensor:
        bits, count = self.totals.sum(0)
        return bits / count


class ClassCounts(Metric):
    """Accuracy, macro recall and macro F1 of predicted classes, from counts by class alone.

    torchmetrics' own count all V x V pairs of label and prediction, 16 million for 4,096 words, which takes longer
    than the model does. The averages are over classes that occur as a label or a prediction, as there.

    Args:
        classes: V.
    """

    counts: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(3, classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, predicted: Tensor, labels: Tensor) -> None:
        """Both [N] int64."""
        seen = (labels[predicted == labels], labels, predicted)
        self.counts += torch.stack([torch.bincount(own, minlength=self.counts.shape[1]) for own in seen])

    def compute(self) -> dict[str, Tensor]:
        hits, labels, predicted = exact(self.counts)
        occurs = labels + predicted > 0
        recall, f1 = hits / labels.clamp(min=1), 2 * hits / (labels + predicted).clamp(min=1)
        return {"accuracy": hits.sum() / labels.sum(), "f1": f1[occurs].mean(), "recall": recall[occurs].mean()}


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
        self.classification = ClassCounts(vocab_size)

    def update(self, hidden_BTD: Tensor, weight_VD: Tensor, batch: Seq2SeqBatch) -> None:
        """Take in a batch, whose logits are `hidden @ weight.T`."""
        chosen = batch.labels != IGNORE
        labels = batch.labels[chosen]
        nll, predicted = judged(hidden_BTD[chosen], weight_VD, labels, self.banned)
        self.loss.update(nll)
        self.bits.update(nll, labels, batch.groups[chosen])
        self.classification.update(predicted, labels)

    def compute(self) -> dict[str, float]:
        """All metrics over everything seen (and over all processes)."""
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
        self.loss.reset()
        self.bits.reset()
        self.classification.reset()
