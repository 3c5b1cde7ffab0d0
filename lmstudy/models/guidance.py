"""Classifier-free guidance between two beginnings of the same text (Sanchez et al. 2023, arXiv 2306.17806).

A model that knows control tokens is read twice at every step, once as if all segments were good and once as if all
were bad, and what tells the two apart is exaggerated:

    logits = bad + strength (good - bad)

Strength 1 is the good model itself, 0 the bad one; above 1 the good one is pushed away from the bad.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from lmstudy.models.network import Writer


@dataclass
class Readings:
    """The cache of both readings: the wanted ones of all rows, then the unwanted."""

    both: Any
    rows: int

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows [N] alone, a bool mask or indices, in both readings."""
        if rows.dtype == torch.bool:
            rows = rows.nonzero()[:, 0]
        self.both.keep(torch.cat([rows, rows + self.rows]))
        self.rows = len(rows)


class Guided:
    """A `lmstudy.models.network.Writer` that steers another one: every step is one of twice the rows.

    Args:
        model: the model that knows control tokens.
        strength: 1 changes nothing.
        swapped: for each token of the text its counterpart in the unwanted reading; others stay as they are.
    """

    def __init__(self, model: Writer, strength: float, swapped: Mapping[int, int]) -> None:
        self.model, self.strength = model, strength
        self.training, self.max_positions, self.embedding = model.training, model.max_positions, model.embedding
        self._counterpart = torch.arange(model.embedding.num_embeddings, device=model.embedding.weight.device)
        for token, other in swapped.items():
            self._counterpart[token] = other

    def eval(self) -> Self:
        self.model.eval()
        self.training = False
        return self

    def parameters(self) -> Iterator[nn.Parameter]:
        return self.model.parameters()

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> Readings:
        both = self.model.start(self._read_twice(tokens_BS), documents_BS.repeat(2, 1), length)
        return Readings(both, len(tokens_BS))

    def step(self, tokens_B: Tensor, cache: Readings) -> Tensor:
        """Logits [B, V] of the equation above."""
        wanted, unwanted = self.model.step(self._read_twice(tokens_B), cache.both).chunk(2)
        return unwanted + self.strength * (wanted - unwanted)

    def _read_twice(self, tokens: Tensor) -> Tensor:
        """Tokens [B, ...] as they are, then [B, ...] with their counterparts: one step for both readings."""
        return torch.cat([tokens, self._counterpart[tokens]])
