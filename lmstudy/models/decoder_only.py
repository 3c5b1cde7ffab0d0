"""A decoder-only Transformer: one causal stack reads what an encoder would read, and goes on (Radford et al. 2018).

It is made of the layers of the encoder-decoder (`lmstudy.models.transformer`) and learns from the same batches: the
loss is of the decoder's tokens alone, so that the two differ in nothing but in how they read.

Shape suffixes: B rows, S positions that are read, T that are written, N = S + T, D model width, H heads, K head width,
V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models.matching import Reference, matched
from lmstudy.models.network import TiedOutput, check_room, check_row
from lmstudy.models.transformer import (
    EncoderLayer,
    Smear,
    added,
    check_heads,
    initialise,
    rotary_table,
    rotate,
    same_example,
)


@dataclass
class Seen:
    """What is kept between steps: keys and values of all positions so far.

    Attributes:
        keys, values: [B, H, N, K] of each layer.
        real: [B, N] bool, false where a row is padded.
        next: [B] the place of the next token.
        before: [B, D] the embedding of the token before, for `Smear`; zeros at the first one that is written.
    """

    keys: list[Tensor]
    values: list[Tensor]
    real: Tensor
    next: Tensor
    before: Tensor

    def keep(self, rows: Tensor) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            setattr(self, each.name, [one[rows] for one in value] if isinstance(value, list) else value[rows])


class DecoderOnlyTransformer(TiedOutput):
    """p(y_t | y_<t, x): x and y are one sequence, of which each position knows what stands before it.

    Args:
        vocab_size: entries of the tokenizer, V.
        max_positions: longest row on either side, in tokens; longer input is a StudyError.
        d_model, heads: widths D and H; D must be a multiple of 2 * H.
        layers: depth of the stack.
        d_ff: width of the feed-forward; None: that at which it has as many parameters as the Transformer of `match`.
        match: the encoder-decoder to be compared with.
        smear: as of the encoder-decoder, whose two sides have a gate each.
    """

    rotary: Tensor

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        d_model: int = 128,
        heads: int = 2,
        layers: int = 8,
        d_ff: int | None = None,
        match: Reference | None = None,
        smear: bool = False,
    ) -> None:
        super().__init__()
        check_heads(d_model, heads)
        if d_ff is None:
            if match is None:
                raise StudyError("model.d_ff=null: set it to a number, or model.match to the Transformer to be matched")
            target = match.parameters(vocab_size)
            d_ff = matched(lambda width: _parameters(vocab_size, d_model, layers, width), target, "model.d_ff")
        self.d_model, self.heads, self.d_ff, self.max_positions = d_model, heads, d_ff, max_positions
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.read_smear = Smear(d_model) if smear else None
        self.written_smear = Smear(d_model) if smear else None
        self.stack = nn.ModuleList(EncoderLayer(d_model, heads, d_ff) for _ in range(layers))
        self.norm = nn.RMSNorm(d_model)
        self.register_buffer("rotary", rotary_table(2 * max_positions, d_model // heads), persistent=False)
        self.apply(initialise)

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        documents_BN = torch.cat([batch.encoder_documents, batch.decoder_documents], 1)
        x_BND = torch.cat(
            [
                self._embedded(batch.encoder_tokens, batch.encoder_documents, self.read_smear),
                self._embedded(batch.decoder_tokens, batch.decoder_documents, self.written_smear),
            ],
            1,
        )
        allowed_BNN = same_example(documents_BN, documents_BN, causal=True)
        table = self._table(allowed_BNN.tril().sum(-1) - 1)  # a place is how much of its own example stands before it
        mask = added(allowed_BNN, x_BND.dtype)
        for layer in self.stack:
            x_BND, _ = _through(cast(EncoderLayer, layer), x_BND, None, mask, table)
        return self.norm(x_BND[:, batch.encoder_tokens.shape[1] :])

    def _embedded(self, tokens_BQ: Tensor, documents_BQ: Tensor, smear: nn.Module | None) -> Tensor:
        check_row(tokens_BQ, self.max_positions)
        x_BQD = self.embedding(tokens_BQ) * self.d_model**0.5
        return x_BQD if smear is None else smear(x_BQD, documents_BQ)

    def _table(self, places_BN: Tensor) -> Tensor:
        """Rotary angles of places in a sequence: [2, B, 1, N, K / 2]."""
        return self.rotary[:, places_BN][:, :, None]

    def forward_flops(self, rows: int, encoder_length: int, decoder_length: int) -> int:
        """FLOPs of one forward pass, logits included, counted as in `lmstudy.models.flops`."""
        length, width = encoder_length + decoder_length, self.d_model
        layer = 2 * length * (4 * width**2 + 3 * width * self.d_ff) + 4 * length**2 * width
        return rows * (len(self.stack) * layer + 2 * decoder_length * width * self.embedding.num_embeddings)

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> Seen:
        """Read the rows, and make ready to write up to `length` tokens."""
        check_room(length, self.max_positions)
        x_BSD = self._embedded(tokens_BS, documents_BS, self.read_smear)
        mask = added(same_example(documents_BS, documents_BS, causal=True), x_BSD.dtype)
        real_BS = documents_BS > 0
        table = self._table((real_BS.cumsum(1) - 1).clamp(min=0))
        seen = Seen([], [], real_BS, real_BS.sum(1), torch.zeros_like(x_BSD[:, 0]))
        for layer in self.stack:
            x_BSD, (keys, values) = _through(cast(EncoderLayer, layer), x_BSD, None, mask, table)
            seen.keys.append(keys)
            seen.values.append(values)
        return seen

    def step(self, tokens_B: Tensor, cache: Seen) -> Tensor:
        """Logits [B, V] of the token after `tokens_B`; the cache advances by one position."""
        own_BD = self.embedding(tokens_B) * self.d_model**0.5
        x_BD = own_BD
        if self.written_smear is not None:
            x_BD = own_BD + self.written_smear.gate.sigmoid() * cache.before
        cache.before = own_BD
        cache.real = F.pad(cache.real, (0, 1), value=True)
        mask = added(cache.real[:, None], x_BD.dtype)
        table = self._table(cache.next[:, None])
        x_B1D = x_BD[:, None]
        for number, layer in enumerate(self.stack):
            past = cache.keys[number], cache.values[number]
            x_B1D, (cache.keys[number], cache.values[number]) = _through(
                cast(EncoderLayer, layer), x_B1D, past, mask, table
            )
        cache.next = cache.next + 1
        return F.linear(self.norm(x_B1D[:, 0]), self.output_weight)


def _through(
    layer: EncoderLayer, x_BQD: Tensor, past: tuple[Tensor, Tensor] | None, mask: Tensor, table: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """A layer's output, and keys and values of all positions that it has seen, those of the past first."""
    attention, normed_BQD = layer.self_attention, layer.attention_norm(x_BQD)
    query, (key, value) = attention.split(attention.query(normed_BQD)), attention.keys_values(normed_BQD)
    query, key = rotate(query, table), rotate(key, table)
    if past is not None:
        key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
    x_BQD = x_BQD + attention.attend(query, key, value, mask)
    return x_BQD + layer.feed_forward(layer.feed_forward_norm(x_BQD)), (key, value)


def _parameters(vocab_size: int, d_model: int, layers: int, d_ff: int) -> int:
    """All weights but the gates of `Smear`: the tied matrix, 4 D^2 an attention, 3 D F a feed-forward, D a norm."""
    return vocab_size * d_model + layers * (4 * d_model**2 + 3 * d_model * d_ff + 2 * d_model) + d_model
