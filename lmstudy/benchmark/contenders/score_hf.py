"""Held-out likelihood with transformers: one document a row, padded, in batches sorted by length."""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from lmstudy.benchmark.score import HeldOut
from lmstudy.data.batch import IGNORE, Shape
from lmstudy.data.tokenizer import BOS, PAD
from lmstudy.models.hf_t5 import t5


class Scoring:
    """T5 with fresh weights. A block sorts, pads and scores the documents, and counts them.

    A document longer than the decoder is cut into the same windows as in `score_ours`, a row each, so that both
    sum the likelihood of the same tokens after the same context. The tokens are in memory before the clock starts.
    """

    def __init__(self, data: dict[str, Any], documents: int, shape: dict[str, int], rows: int, **sizes: int) -> None:
        torch.manual_seed(0)
        held_out = HeldOut(data, documents)
        lengths = Shape(**shape)
        pairs = held_out.windows(lengths.prefix_length, lengths.decoder_length)
        self.pairs = [(torch.from_numpy(read), torch.from_numpy(written)) for read, written in pairs]
        self.rows, self.documents = rows, documents
        self.bytes = float(sum(held_out.token_bytes[written].sum() for _, written in pairs))
        self.model = t5(len(held_out.token_bytes), **sizes).eval()
        self.facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "shape": [documents, sum(len(written) for _, written in pairs)],
        }

    def block(self) -> float:
        with torch.inference_mode():
            nll = sum(float(self._nll(*batch)) for batch in self._batches())
        self.facts["bits_per_byte"] = nll / math.log(2) / self.bytes
        return self.documents

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """What is read [B, S], where it is no padding, and labels [B, T]."""
        ordered = sorted(self.pairs, key=lambda pair: (len(pair[1]), len(pair[0])))
        for start in range(0, len(ordered), self.rows):
            chosen = ordered[start : start + self.rows]
            read = pad_sequence([pair[0] for pair in chosen], batch_first=True, padding_value=PAD)
            labels = pad_sequence([pair[1] for pair in chosen], batch_first=True, padding_value=IGNORE)
            yield read, read != PAD, labels

    def _nll(self, read: Tensor, is_text: Tensor, labels: Tensor) -> Tensor:
        """Nats of a batch. Padding is on the right, where causal attention never looks: the decoder needs no mask."""
        written = F.pad(labels.masked_fill(labels == IGNORE, PAD)[:, :-1], (1, 0), value=BOS)
        logits = self.model(input_ids=read, attention_mask=is_text, decoder_input_ids=written).logits
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE, reduction="sum")
