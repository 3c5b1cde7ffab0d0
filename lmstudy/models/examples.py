"""From packed rows to single examples and back: what a network that reads in order needs.

Attention tells the examples of a row apart by masks. A recurrent network carries a state from one position to the
next, so each example goes through it by itself.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

BAND = 0.6
"""Examples go through together that are at least so long as a share of the longest of them."""


def example_lengths(documents_BQ: Tensor) -> list[int]:
    """Positions of each example, row after row, from their numbers in the rows (0 is padding)."""
    before = torch.nn.functional.pad(documents_BQ, (1, 0))[:, :-1]
    first = (documents_BQ > 0) & (documents_BQ != before)
    number = first.flatten().cumsum(0)[documents_BQ.flatten() > 0]
    return torch.bincount(number - 1).tolist() if len(number) else []


def to_examples(x_BQD: Tensor, documents_BQ: Tensor) -> list[Tensor]:
    """[Q_n, D] of each example, row after row."""
    return list(x_BQD[documents_BQ > 0].split(example_lengths(documents_BQ)))


def to_rows(examples: Sequence[Tensor], documents_BQ: Tensor) -> Tensor:
    """[B, Q, D]: the inverse of `to_examples`, zero where there is padding."""
    values = torch.cat(list(examples))
    rows = values.new_zeros(*documents_BQ.shape, values.shape[-1])
    rows[documents_BQ > 0] = values
    return rows


def bands(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of examples of like length, the longest first: padded together, they waste little.

    On a CPU, PyTorch's fused LSTM takes padded batches only, and a few of those are three times as fast (forward and
    backward) as one packed sequence.
    """
    order = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    while order:
        fitting = [number for number in order if lengths[number] >= BAND * lengths[order[0]]]
        yield fitting
        order = order[len(fitting) :]
