"""The article's network (its section 5.2): fully connected layers that see one token at a time.

    embedding -> 100 -> 50 -> 25 -> 50 -> 100 -> vocabulary, ReLU between, softmax at the end

It is called an encoder and a decoder there, and the first three layers do make a shorter code of what they read, but
every position goes through by itself: no position knows of any other. Given the token before, it can at best be a
bigram model; given the token itself (`pretraining=reproduce`, as the article trains), it can learn to copy.

Shape suffixes: B rows, T decoder positions, D width of the embedding, W of the last layer, V vocabulary.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models.matching import Reference, matched
from lmstudy.models.network import check_room, check_row

PROPORTIONS = (1, 0.5, 0.25, 0.5, 1)
"""Of the article's widths 100, 50, 25, 50, 100."""


@dataclass
class NoCache:
    """Nothing has to be kept between the steps of a network without context."""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows alone."""


class DenseAutoencoder(nn.Module):
    """p(y_t | the token at position t of the decoder's input); what the encoder reads is not looked at.

    Args:
        vocab_size: entries of the tokenizer, V.
        max_positions: longest row, in tokens; longer input is a StudyError.
        d_model: width of the embedding, D.
        widths: of the hidden layers; None: the article's proportions, as wide as gives the parameters of `match`.
        match: the Transformer to be compared with, where widths are None.
    """

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        d_model: int = 100,
        widths: list[int] | None = None,
        match: Reference | None = None,
    ) -> None:
        super().__init__()
        if widths is None:
            if match is None:
                raise StudyError("model.widths is null and model.match is not set: give the widths of the layers")
            target = match.parameters(vocab_size)
            widest = matched(lambda width: _parameters(vocab_size, d_model, _scaled(width)), target, "model.widths")
            widths = _scaled(widest)
        if not widths or min(widths) < 1:
            raise StudyError(f"model.widths={widths} must be a list of at least one positive width")
        self.max_positions = max_positions
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.hidden_layers = nn.ModuleList(nn.Linear(before, width) for before, width in pairwise([d_model, *widths]))
        self.output = nn.Linear(widths[-1], vocab_size)
        for layer in [*self.hidden_layers, self.output]:
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight)  # the default of the article's library
            nn.init.zeros_(layer.bias)

    def untie(self) -> None:
        """Output and embedding are apart from the start, as in the article."""

    def states(self, tokens: Tensor) -> Tensor:
        """The last hidden layer's values [..., W], and a 1 behind them, which the output's bias is multiplied by."""
        if tokens.ndim > 1:
            check_row(tokens, self.max_positions)
        x = self.embedding(tokens)
        for layer in self.hidden_layers:
            x = F.relu(layer(x))
        return F.pad(x, (0, 1), value=1.0)

    @property
    def output_weight(self) -> Tensor:
        """[V, W + 1]: the output layer's matrix with its bias as a last column."""
        return torch.cat([self.output.weight, self.output.bias[:, None]], dim=1)

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        """What the output matrix turns into logits: [B, T, W + 1]."""
        return self.states(batch.decoder_tokens)

    def forward(self, batch: Seq2SeqBatch) -> Tensor:
        """Logits [B, T, V] at each decoder position."""
        return F.linear(self.hidden(batch), self.output_weight)

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> NoCache:
        """Nothing is read."""
        check_room(length, self.max_positions)
        return NoCache()

    def step(self, tokens_B: Tensor, cache: NoCache) -> Tensor:
        """Logits [B, V] given `tokens_B`."""
        return F.linear(self.states(tokens_B), self.output_weight)

    def forward_flops(self, rows: int, encoder_length: int, decoder_length: int) -> int:
        """FLOPs of one forward pass, logits included: two for each weight and decoder position."""
        layers = [*self.hidden_layers, self.output]
        return 2 * rows * decoder_length * sum(layer.weight.numel() for layer in layers)


def _scaled(widest: int) -> list[int]:
    return [max(1, round(share * widest)) for share in PROPORTIONS]


def _parameters(vocab_size: int, d_model: int, widths: list[int]) -> int:
    sizes = [d_model, *widths, vocab_size]
    return vocab_size * d_model + sum((a + 1) * b for a, b in pairwise(sizes))
