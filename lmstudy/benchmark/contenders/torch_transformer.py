"""Training `torch.nn.Transformer` as its tutorials do: embeddings, sinusoidal positions, a tied output matrix.

Its feed-forward layers have two matrices instead of three, and biases: `dim_feedforward` is set so that both
models have the same number of parameters. Positions are those of the row.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmstudy.benchmark.contenders.training import Arrays, TrainingContender, plain_adamw
from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer, same_example

WIDTH_STEP = 8  # a multiple that matrix products like


class Training(TrainingContender):
    """Pre-norm `torch.nn.Transformer`, cross-entropy, AdamW, not compiled."""

    def __init__(self, batches: Sequence[Arrays], documents: str, **sizes: Any) -> None:
        torch.manual_seed(0)
        positions = max(batches[0][0].shape[1], batches[0][2].shape[1])
        model = TiedTransformer(positions, documents == "packed", **{**sizes, "d_ff": matching_width(**sizes)})
        super().__init__(model, model.loss, plain_adamw(model), batches)


class TiedTransformer(nn.Module):
    """Logits [B, T, V] of `torch.nn.Transformer` between an embedding and its transpose."""

    table: Tensor

    def __init__(
        self,
        positions: int,
        packed: bool,
        vocab_size: int,
        d_model: int,
        heads: int,
        d_ff: int,
        encoder_layers: int,
        decoder_layers: int,
    ) -> None:
        super().__init__()
        self.packed, self.heads, self.d_model = packed, heads, d_model
        self.embedding = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        # Said of every pre-norm model: a shortcut of inference that training does not take.
        warnings.filterwarnings("ignore", "enable_nested_tensor is True")
        self.transformer = nn.Transformer(
            d_model, heads, encoder_layers, decoder_layers, d_ff,
            dropout=0.0, activation="gelu", batch_first=True, norm_first=True,
        )  # fmt: skip
        self.register_buffer("table", sinusoids(positions, d_model), persistent=False)

    def embed(self, tokens_BQ: Tensor) -> Tensor:
        return self.embedding(tokens_BQ) * self.d_model**0.5 + self.table[: tokens_BQ.shape[1]]

    def forward(self, batch: Seq2SeqBatch) -> Tensor:
        read, written = self.embed(batch.encoder_tokens), self.embed(batch.decoder_tokens)
        if self.packed:
            x_BTD = self.transformer(
                read,
                written,
                src_mask=self._hidden(batch.encoder_documents, batch.encoder_documents),
                tgt_mask=self._hidden(batch.decoder_documents, batch.decoder_documents, causal=True),
                memory_mask=self._hidden(batch.decoder_documents, batch.encoder_documents),
            )
        else:
            ahead = nn.Transformer.generate_square_subsequent_mask(written.shape[1])
            x_BTD = self.transformer(read, written, tgt_mask=ahead, tgt_is_causal=True)
        return F.linear(x_BTD, self.embedding.weight)

    def loss(self, batch: Seq2SeqBatch) -> Tensor:
        return F.cross_entropy(self(batch).flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORE)

    def _hidden(self, query: Tensor, key: Tensor, causal: bool = False) -> Tensor:
        """What must not be seen, [B * H, Q, M]: this module wants true there, and a mask for every head."""
        return ~same_example(query, key, causal=causal).repeat_interleave(self.heads, dim=0)


def sinusoids(positions: int, width: int) -> Tensor:
    """[positions, width] sines, then cosines, of position / 10000^(2 i / width) (Vaswani et al. 2017)."""
    angles = torch.outer(torch.arange(positions), 10_000.0 ** (-torch.arange(0, width, 2) / width))
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def matching_width(d_ff: int, **sizes: Any) -> int:
    """The `dim_feedforward`, a multiple of 8, that comes closest to this package's number of parameters at `d_ff`."""

    def parameters(model: nn.Module) -> int:
        return sum(p.numel() for p in model.parameters())

    with torch.device("meta"):
        goal = parameters(Seq2SeqTransformer(max_positions=1, d_ff=d_ff, **sizes))
        one, two = (parameters(TiedTransformer(1, True, d_ff=n * WIDTH_STEP, **sizes)) for n in (1, 2))
    return WIDTH_STEP * max(1, 1 + round((goal - one) / (two - one)))
