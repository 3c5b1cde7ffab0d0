"""Word2Vec, the skip-gram model with negative sampling (Mikolov et al. 2013a, 2013b), by gensim."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lmstudy.data.documents import Progress
from lmstudy.data.examples import Ints
from lmstudy.errors import StudyError
from lmstudy.models.embeddings.base import WordVectors, check_least
from lmstudy.models.embeddings.learned import Learned

_SENTENCE = 10_000
"""Tokens; gensim passes over what is behind them in a longer sentence."""


@dataclass(frozen=True)
class Word2Vec(Learned):
    """Vectors with which a token tells its neighbours from tokens drawn at random.

    For a token w and a neighbour c, maximises log s(c'w) + sum over `negative` random tokens n of log s(-n'w), where
    s is the logistic function; the random tokens are drawn in proportion to their frequency to the power of 0.75.
    Neighbours are at most r tokens away in the same document, r uniform in 1 .. `window`.

    epochs: passes over the text.
    subsample: t; an occurrence of a token of frequency f > t is dropped with a chance of about 1 - sqrt(t / f).
        0 drops none.
    """

    window: int = 5
    negative: int = 5
    epochs: int = 5
    subsample: float = 1e-3
    NAME: ClassVar[str] = "word2vec"
    VERSION: ClassVar[int] = 1

    def __post_init__(self) -> None:
        least = {"window": 1, "negative": 1, "epochs": 1, "tokens": 1, "min_count": 1, "subsample": 0, "seed": 0}
        check_least(self, least)

    def learn(self, documents: Sequence[Ints], vocab_size: int, width: int, progress: Progress) -> WordVectors:
        """Vectors from token ids; one thread and one seed, so that the same text gives the same vectors.

        Raises:
            StudyError: gensim is not installed, or no token is seen often enough.
        """
        try:
            from gensim.models import Word2Vec as Model
            from gensim.models.callbacks import CallbackAny2Vec
        except ImportError:
            raise StudyError("embedding=word2vec needs the package gensim: pip install gensim") from None

        class Epochs(CallbackAny2Vec):
            def __init__(self) -> None:
                self.done = 0

            def on_epoch_end(self, model: Model) -> None:
                self.done += 1
                progress(f"word2vec: pass {self.done} of {model.epochs} over {model.corpus_total_words:,} tokens")

        names = [str(token) for token in range(vocab_size)]  # gensim's words are strings
        parts = [part for ids in documents for part in np.split(ids, range(_SENTENCE, len(ids), _SENTENCE))]
        model = Model(
            vector_size=width, sg=1, workers=1, window=self.window, negative=self.negative, epochs=self.epochs,
            min_count=self.min_count, sample=self.subsample, seed=self.seed,
        )  # fmt: skip
        sentences = [[names[token] for token in part] for part in parts]
        model.build_vocab(sentences)
        if not len(model.wv):
            raise StudyError(
                f"embedding.min_count={self.min_count}: no token is seen so often in the text that is read"
            )
        model.train(sentences, total_examples=model.corpus_count, epochs=self.epochs, callbacks=[Epochs()])
        ids = np.array([int(word) for word in model.wv.index_to_key])
        return self.spread(model.wv.vectors, ids, vocab_size)
