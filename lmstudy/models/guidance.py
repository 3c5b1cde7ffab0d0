"""Classifier-free guidance between two beginnings of the same text (Sanchez et al. 2023, arXiv 2306.17806).

A model that knows control tokens is read twice at every step, once as if all segments were good and once as if all
were bad, and what tells the two apart is exaggerated:

    logits = bad + strength (good - bad)

Strength 1 is the good model itself, 0 the bad one; above 1 the good one is pushed away from the bad.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from lmstudy.models.network import Writer


class Pair(NamedTuple):
    """The caches of the two readings, which always hold the same rows."""

    wanted: Any
    unwanted: Any

    def keep(self, rows: Tensor) -> None:
        self.wanted.keep(rows)
        self.unwanted.keep(rows)


class Guided:
    """A `lmstudy.models.network.Writer` that steers another one: every token costs two steps of it.

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

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> Pair:
        return Pair(
            self.model.start(tokens_BS, documents_BS, length),
            self.model.start(self._counterpart[tokens_BS], documents_BS, length),
        )

    def step(self, tokens_B: Tensor, cache: Pair) -> Tensor:
        """Logits [B, V] of the equation above."""
        wanted = self.model.step(tokens_B, cache.wanted)
        unwanted = self.model.step(self._counterpart[tokens_B], cache.unwanted)
        return unwanted + self.strength * (wanted - unwanted)
