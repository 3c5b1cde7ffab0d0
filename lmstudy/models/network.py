"""What the models of this package have in common: what generation asks of them, a matrix used twice, their shapes."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.config import build
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError


class Cache(Protocol):
    """What is kept between steps."""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows alone; a bool mask or indices."""
        ...


class Writer(Protocol):
    """A model that can write; every model of this package is one.

    Attributes:
        training: whether it is in training mode, with dropout.
        max_positions: longest row on either side, in tokens.
        embedding: [V, D], the vectors of the vocabulary.
    """

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


def check_row(tokens: Tensor, max_positions: int) -> None:
    """Raises StudyError for rows [..., Q] of tokens that are longer than the context."""
    if tokens.shape[-1] > max_positions:
        raise StudyError(
            f"a row of {tokens.shape[-1]} tokens is longer than the context: max_positions={max_positions}"
        )


def check_room(length: int, max_positions: int) -> None:
    """Raises StudyError where more decoder positions are asked for than a context has."""
    if length > max_positions:
        raise StudyError(f"{length} decoder positions asked for, the context is {max_positions}")


class TiedOutput(nn.Module):
    """A model whose `embedding` [V, D] also scores the next token (Press & Wolf 2017), unless it is told not to.

    Hidden states of width D are scored by `output_weight`.
    """

    embedding: nn.Embedding
    output: nn.Parameter | None

    def __init__(self) -> None:
        super().__init__()
        self.register_parameter("output", None)

    @property
    def output_weight(self) -> Tensor:
        """[V, D]: logits are `hidden @ output_weight.T`."""
        return self.embedding.weight if self.output is None else self.output

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        """What the output matrix turns into logits: [B, T, D]."""
        raise NotImplementedError

    def forward(self, batch: Seq2SeqBatch) -> Tensor:
        """Logits [B, T, V] of the next token at each decoder position."""
        return F.linear(self.hidden(batch), self.output_weight)

    def untie(self) -> None:
        """Give the output a matrix of its own, which starts as a copy of the embedding and goes its own way."""
        if self.output is None:
            self.output = nn.Parameter(self.embedding.weight.detach().clone())


def unbuilt(config: Mapping[str, Any]) -> Any:
    """The model of a configuration without its numbers (PyTorch's meta device): shapes and counts, in no time."""
    budget, vocab_size = config["budget"], config["data"]["tokenizer"]["vocab_size"]
    positions = max(budget["encoder_length"], budget["decoder_length"])
    with torch.device("meta"):
        return build(config["model"], "model", vocab_size=vocab_size, max_positions=positions)
