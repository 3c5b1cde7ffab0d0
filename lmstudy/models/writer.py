"""What generation asks of a model: read a beginning once, then write a token at a time."""

from collections.abc import Iterator
from typing import Any, Protocol, Self

from torch import Tensor, nn


class Cache(Protocol):
    """What is kept between steps."""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows alone; a bool mask or indices."""
        ...


class Writer(Protocol):
    """A model that can write; every model of this package is one."""

    training: bool
    max_positions: int
    embedding: nn.Embedding

    def eval(self) -> Self: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> Any:
        """Read the encoder's input, one example a row, and make room for `length` positions: a `Cache`."""
        ...

    def step(self, tokens_B: Tensor, cache: Any) -> Tensor:
        """Logits [B, V] of the token after `tokens_B`; the cache advances by one position."""
        ...
