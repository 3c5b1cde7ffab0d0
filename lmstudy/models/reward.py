"""Reward models: a text in, one number out, higher for what people like better.

Two members that know different things give a reward each, and the mean of them is the reward:
- the encoder of the study's own Transformer reads the text; the mean over its positions goes through a linear layer;
- a linear model weighs the runs of words and characters that the text holds.
Each learns alone: trained on the loss of their mean, the linear one, which learns the training texts by heart first,
would leave nothing for the encoder to learn.

Shape suffixes as in `lmstudy.models.transformer`, M members, N n-grams.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lmstudy.data.corpus import Corpus
from lmstudy.data.text_rows import Reader, Rows
from lmstudy.data.tokenizer import PAD, SENTINELS
from lmstudy.errors import StudyError
from lmstudy.models.transformer import EncoderLayer, Seq2SeqTransformer, attention_mask

HIDDEN = SENTINELS[0]
"""Stands for a token that dropout hides, as in span corruption."""


class RewardModel(nn.Module, ABC):
    """Called with `Rows` of B texts, returns rewards [B]: the mean over its members."""

    arguments: dict[str, Any]
    """Those of the constructor, from which a model of this shape can be built again (JSON-able)."""

    names: tuple[str, ...] = ("encoder",)
    """Of the members."""

    @abstractmethod
    def members(self, rows: Rows) -> Tensor:
        """[M, B]: the reward by each member."""

    def forward(self, rows: Rows) -> Tensor:
        return self.members(rows).mean(0)


class RewardSettings(Protocol):
    """The `encoder` group: what reads. A new one is one class with `start` and one YAML in `conf/encoder`."""

    def start(
        self, texts: Sequence[str], corpus: Corpus, pretrained: Seq2SeqTransformer | None
    ) -> tuple[RewardModel, Reader]:
        """The model before it learns from ratings, and the reader it was made for; random parts follow torch's seed.

        Args:
            texts: what it is going to learn from.
            corpus: whose tokenizer it reads with, if it has none of its own.
            pretrained: a language model of that corpus to start from, or None.

        Raises:
            StudyError: a language model is given to an encoder that comes with a vocabulary of its own, or the
                encoder's wheel cannot be had or lacks a file.
        """
        ...


class TextEncoder(nn.Module):
    """r(x) = w . mean_s h_s + b, where h is what the encoder of a `Seq2SeqTransformer` makes of x.

    Args:
        vocab_size, max_positions, d_model, heads, d_ff, layers: as the encoder's of `Seq2SeqTransformer`.
        dropout: share of the channels left out of the embedding, of each sublayer's output and of the mean.
        token_dropout: share of the tokens that are hidden.
        vectors: width of word vectors that are not trained, before a matrix that is; None: trained vectors.
    """

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        d_model: int,
        heads: int,
        d_ff: int,
        layers: int,
        dropout: float,
        token_dropout: float,
        vectors: int | None,
    ) -> None:
        super().__init__()
        rows = vocab_size if vectors is None else 1
        self.text = Seq2SeqTransformer(rows, max_positions, d_model, heads, d_ff, layers, decoder_layers=0)
        self.text.decoder_norm.requires_grad_(False)  # nothing is written
        if vectors is not None:
            known = nn.Embedding(vocab_size, vectors).requires_grad_(False)
            into = nn.Linear(vectors, d_model, bias=False)
            nn.init.normal_(into.weight, std=vectors**-0.5)
            self.text.embedding = nn.Sequential(known, into)  # type: ignore[assignment]
        self.hidden = HIDDEN if vectors is None else PAD
        self.token_dropout = token_dropout
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(d_model, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens_BS: Tensor) -> Tensor:
        present_BS = tokens_BS != PAD
        if self.training and self.token_dropout:
            hidden_BS = torch.rand(tokens_BS.shape, device=tokens_BS.device) < self.token_dropout
            tokens_BS = tokens_BS.masked_fill(hidden_BS & present_BS, self.hidden)
        x_BSD = self.dropout(self.text.embed(tokens_BS))
        documents_BS = present_BS.long()
        mask = attention_mask(documents_BS, documents_BS, causal=False, dtype=x_BSD.dtype)
        table = self.text.rotary[:, : tokens_BS.shape[1]]
        for layer in self.text.encoder:
            assert isinstance(layer, EncoderLayer)
            x_BSD = x_BSD + self.dropout(layer.self_attention(layer.attention_norm(x_BSD), mask, table))
            x_BSD = x_BSD + self.dropout(layer.feed_forward(layer.feed_forward_norm(x_BSD)))
        x_BSD = self.text.encoder_norm(x_BSD) * present_BS[..., None]
        mean_BD = x_BSD.sum(1) / present_BS.sum(1, keepdim=True).clamp(min=1)
        return self.head(self.dropout(mean_BD))[:, 0]


class LinearNGrams(nn.Module):
    """r(x) = gain . sum_n w_n v_n, where v is 1 for n-grams that x holds, times their rarity, and has length 1.

    `gain` makes the steps of AdamW, of one size for all parameters, larger here than in the encoder.
    """

    rarity: Tensor

    def __init__(self, buckets: int, gain: float = 5.0) -> None:
        super().__init__()
        self.gain = gain
        self.weight = nn.Embedding(buckets + 1, 1, padding_idx=0)
        nn.init.zeros_(self.weight.weight)
        self.register_buffer("rarity", torch.ones(buckets + 1))

    def forward(self, ngrams_BN: Tensor) -> Tensor:
        values_BN = self.rarity[ngrams_BN] * (ngrams_BN != 0)
        length_B = values_BN.norm(dim=1).clamp(min=1e-6)
        return self.gain * (self.weight(ngrams_BN)[..., 0] * values_BN).sum(1) / length_B


class OwnRewardModel(RewardModel):
    """A `TextEncoder`, and beside it `LinearNGrams` where there are any; arguments as theirs."""

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        d_model: int = 128,
        heads: int = 2,
        d_ff: int = 352,
        layers: int = 2,
        dropout: float = 0.0,
        token_dropout: float = 0.0,
        vectors: int | None = None,
        buckets: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("dropout", dropout), ("token_dropout", token_dropout)):
            if not 0 <= value < 1:
                raise StudyError(f"encoder.{name}={value} must be at least 0 and below 1")
        self.arguments = {
            "vocab_size": vocab_size,
            "max_positions": max_positions,
            "d_model": d_model,
            "heads": heads,
            "d_ff": d_ff,
            "layers": layers,
            "dropout": dropout,
            "token_dropout": token_dropout,
            "vectors": vectors,
            "buckets": buckets,
        }
        sizes = (vocab_size, max_positions, d_model, heads, d_ff, layers)
        self.encoder = TextEncoder(*sizes, dropout, token_dropout, vectors)
        self.linear = LinearNGrams(buckets) if buckets else None
        self.names = ("encoder", "ngrams") if buckets else ("encoder",)

    def members(self, rows: Rows) -> Tensor:
        rewards = [self.encoder(rows.tokens)]
        if self.linear is not None:
            rewards.append(self.linear(rows.ngrams))
        return torch.stack(rewards)
