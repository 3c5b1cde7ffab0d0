"""What reading one text does to the loss of another: products of the gradients of their losses.

A step of gradient descent on a text z, of rate r, changes the loss of a text x by -r <grad loss(x), grad loss(z)>, to
first order. Summed over the steps in which z was read, this is what z taught of x (TracIn, Pruthi et al. 2020,
"Estimating training data influence by tracing gradient descent"). Here both gradients are taken at one point, such as
the weights at the end: the cheapest form of it, which knows neither the optimiser nor the weights on the way.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.data.batch import IGNORE, Seq2SeqBatch

AT_ONCE = 32
"""Gradients of texts that were read, kept at a time."""


class Influences(NamedTuple):
    """Of each text that was read (D of them) on each that is looked at (I)."""

    products: Tensor
    """[I, D] inner products of the gradients"""
    cosines: Tensor
    """[I, D] the same of gradients of length 1; 0 where a gradient is 0"""


def gradient(model: nn.Module, batch: Seq2SeqBatch) -> Tensor:
    """[P] gradient, by all trained weights end to end, of the nats that all labels of a batch cost together.

    Args:
        model: `hidden(batch)` [B, T, D] and `output_weight` [V, D] give its logits.
        batch: one text, in as many rows as it takes.
    """
    network: Any = model
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    chosen = batch.labels != IGNORE
    logits = F.linear(network.hidden(batch)[chosen], network.output_weight)
    nats = F.cross_entropy(logits, batch.labels[chosen], reduction="sum")
    found = torch.autograd.grad(nats, weights, allow_unused=True, materialize_grads=True)
    return torch.cat([each.flatten() for each in found])


def influences(model: nn.Module, looked_at: Iterable[Seq2SeqBatch], read: Iterable[Seq2SeqBatch]) -> Influences:
    """How the gradients of some texts agree with those of texts that were read.

    The gradients of all texts that are looked at are kept: 4 bytes a weight and text.

    Args:
        model: a network in evaluation mode, at the weights that count.
        looked_at: a batch a text, I of them, at least one.
        read: a batch a text, D of them, at least one.
    """
    own = torch.stack([gradient(model, batch) for batch in looked_at])
    products, lengths = [], []
    for part in _parts(gradient(model, batch) for batch in read):
        products.append(own @ part.T)
        lengths.append(part.norm(dim=1))
    found = torch.cat(products, dim=1)
    both = own.norm(dim=1)[:, None] * torch.cat(lengths)
    return Influences(found, torch.where(both > 0, found / both, 0.0))


def _parts(gradients: Iterable[Tensor]) -> Iterator[Tensor]:
    """[at most AT_ONCE, P] in turn."""
    rest = iter(gradients)
    while some := list(islice(rest, AT_ONCE)):
        yield torch.stack(some)
