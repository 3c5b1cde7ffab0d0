"""An embedding matrix that also scores the next token (Press & Wolf 2017), unless it is told not to."""

from torch import Tensor, nn


class TiedOutput(nn.Module):
    """A model with an `embedding` [V, D] whose hidden states of width D are scored by a matrix [V, D]."""

    embedding: nn.Embedding
    output: nn.Parameter | None

    def __init__(self) -> None:
        super().__init__()
        self.register_parameter("output", None)

    @property
    def output_weight(self) -> Tensor:
        """[V, D]: logits are `hidden @ output_weight.T`."""
        return self.embedding.weight if self.output is None else self.output

    def untie(self) -> None:
        """Give the output a matrix of its own, which starts as a copy of the embedding and goes its own way."""
        if self.output is None:
            self.output = nn.Parameter(self.embedding.weight.detach().clone())
