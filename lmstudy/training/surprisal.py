"""What a model says of held-out labels, a few at a time: the logits of a whole batch never exist at once."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.training.chunked import CHUNK

BLOCK = 64
"""Entries among which the largest is looked for in one go."""


class Judged(NamedTuple):
    """Of N labels."""

    nll: Tensor
    """[N] float32: -log p(label), in nats"""
    predicted: Tensor
    """[N] int64: the entry that is most probable, the first of equal ones"""


def judged(
    hidden_ND: Tensor, weight_VD: Tensor, labels_N: Tensor, banned: Sequence[int] = (), chunk: int | None = None
) -> Judged:
    """What `hidden @ weight.T` says of the labels; equal to all logits at once, up to rounding.

    The product is float32 even under autocast: rounded to bfloat16, logits of equal size tie.

    Args:
        hidden_ND: last hidden states, of labels that count alone.
        weight_VD: output matrix.
        labels_N: entries of the vocabulary.
        banned: entries that are never written; probabilities are renormalised without them.
        chunk: labels taken at a time; None: `CHUNK` of the device.
    """
    size = chunk or CHUNK.get(labels_N.device.type, CHUNK["cuda"])
    without = torch.tensor(list(banned), dtype=torch.int64, device=labels_N.device)
    nll, predicted = [hidden_ND.new_zeros(0, dtype=torch.float32)], [labels_N.new_zeros(0)]
    for hidden, labels in zip(hidden_ND.float().split(size), labels_N.split(size), strict=True):
        with torch.autocast(labels_N.device.type, enabled=False):
            logits = F.linear(hidden, weight_VD.float()).index_fill_(1, without, float("-inf"))
        nll.append(F.cross_entropy(logits, labels, reduction="none"))
        predicted.append(largest(logits))
    return Judged(torch.cat(nll), torch.cat(predicted))


def largest(logits_NV: Tensor) -> Tensor:
    """`argmax(-1)`, [N] int64, the first of equal ones.

    A CPU finds a maximum several times faster than where it is. So the block that holds it is looked for first.
    """
    if logits_NV.device.type != "cpu" or logits_NV.shape[1] < 2 * BLOCK:
        return logits_NV.argmax(-1)
    blocks = logits_NV.shape[1] // BLOCK
    whole, rest = logits_NV.split([blocks * BLOCK, logits_NV.shape[1] - blocks * BLOCK], dim=1)
    whole_NBK = whole.unflatten(1, (blocks, BLOCK))
    top, block = whole_NBK.amax(-1).max(-1)
    found = block * BLOCK + whole_NBK[torch.arange(len(block)), block].argmax(-1)
    if rest.shape[1]:
        further, where = rest.max(-1)
        found = torch.where(further > top, blocks * BLOCK + where, found)
    return found
