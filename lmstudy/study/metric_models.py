"""Counted n-grams that predict token by token, and the documents that they learn from and are judged on.

N-grams count in a second, so a chapter can recompute everything that it says.
"""

from __future__ import annotations

from dataclasses import dataclass

import datasets
import numpy as np

from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.evaluation.kneser_ney import KneserNey

BLOCK = 256
"""Places predicted at a time: a block holds so many whole distributions."""


@dataclass(frozen=True)
class Sample:
    """Some documents of a split, in a random order."""

    texts: list[str]
    files: list[str]
    """The file (or row) that each document comes from: documents of one file are not independent."""
    tokens: np.ndarray
    offsets: np.ndarray
    """[documents + 1] where each document begins in `tokens`."""


def draw_documents(split: datasets.Dataset, documents: int, seed: int) -> Sample:
    """So many documents of a split, all of them where it has fewer.

    Raises:
        StudyError: fewer than two, of which no interval over documents can be made.
    """
    if documents < 2:
        raise StudyError(f"documents={documents} must be at least 2: an interval needs documents that differ")
    return _sample(split, np.random.default_rng(seed).permutation(len(split))[:documents])


def draw_tokens(split: datasets.Dataset, tokens: int, seed: int) -> Sample:
    """The first documents of a random order that together hold so many tokens (all, where a split has fewer)."""
    order = np.random.default_rng(seed).permutation(len(split))
    enough = np.searchsorted(np.cumsum(TokenStore(split).lengths(order)), tokens)
    return _sample(split, order[: int(enough) + 1])


def _sample(split: datasets.Dataset, chosen: np.ndarray) -> Sample:
    flat, offsets = TokenStore(split).flat(chosen)
    rows = split.select(chosen).select_columns(["text", "source", "path"]).to_dict()
    files = [f"{source}/{path}" for source, path in zip(rows["source"], rows["path"], strict=True)]
    return Sample(rows["text"], files, flat, offsets)


@dataclass(frozen=True)
class Predictions:
    """What a model said at each place of some documents, their ends included: arrays of one length."""

    target: np.ndarray
    """The token that came, or V at the end of a document."""
    guess: np.ndarray
    """The most probable one; of equals, the lowest id."""
    chance: np.ndarray
    """The probability that the model gave to what came."""
    confidence: np.ndarray
    """The probability that it gave to its guess."""
    document: np.ndarray
    """The number of the document."""
    outcomes: int
    """V + 1."""

    @property
    def right(self) -> np.ndarray:
        return self.guess == self.target

    @property
    def bits(self) -> np.ndarray:
        """-log2 of the chance: what the loss counts."""
        return -np.log2(self.chance)

    @property
    def perplexity(self) -> float:
        return float(2 ** self.bits.mean())


class NextToken(KneserNey):
    """A Kneser-Ney model that predicts all places of a text at once.

    p_k(. | h) is gamma(h) p_{k-1}(. | h') plus the discounted frequencies of the few words seen after h. So a
    distribution is the dense one of single tokens, scaled and added to at some entries, `order - 1` times.
    """

    def predict(self, tokens: np.ndarray, offsets: np.ndarray) -> Predictions:
        """At each place of documents as in `fit`. Memory: `BLOCK` distributions at a time."""
        self._require_fit()
        stream, age = self._frame(tokens, offsets)
        ends = np.flatnonzero(age >= 1)
        target = stream[ends].astype(np.int64)
        guess, chance, confidence = np.empty_like(target), np.empty(len(ends)), np.empty(len(ends))
        words = np.arange(self._base, dtype=np.uint64)
        alone = self._levels[0].interpolate(words, np.full(self._base, 1 / self._base), self._base)
        for start in range(0, len(ends), BLOCK):
            block = slice(start, start + BLOCK)
            probability = self._distributions(stream, age, ends[block], alone)
            rows = np.arange(len(probability))
            guess[block] = probability.argmax(1)
            chance[block] = probability[rows, target[block]]
            confidence[block] = probability[rows, guess[block]]
        document = np.cumsum(age[ends] == 1) - 1
        return Predictions(target, guess, chance, confidence, document, self._base)

    def _distributions(self, stream: np.ndarray, age: np.ndarray, ends: np.ndarray, alone: np.ndarray) -> np.ndarray:
        """p(. | what precedes each of `ends`): [len(ends), V + 1]."""
        probability = np.tile(alone, (len(ends), 1))
        for k, level in enumerate(self._levels[1:], start=2):
            deep = np.flatnonzero(age[ends] >= k - 1)
            contexts = self._keys(stream, ends[deep] - 1, k - 1)
            if not (deep.size and level.contexts.size):
                continue
            at = np.minimum(np.searchsorted(level.contexts, contexts), level.contexts.size - 1)
            known = np.flatnonzero(level.contexts[at] == contexts)
            rows, contexts = deep[known], contexts[known]
            probability[rows] *= level.backoffs[at[known], None]
            first = np.searchsorted(level.keys, contexts * self._base)
            count = np.searchsorted(level.keys, contexts * self._base + (self._base - 1), side="right") - first
            entries = np.arange(count.sum()) + np.repeat(first - np.cumsum(count) + count, count)
            words = (level.keys[entries] % self._base).astype(np.int64)
            probability[np.repeat(rows, count), words] += level.weights[entries]
        return probability
