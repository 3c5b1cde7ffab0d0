"""Counted n-grams that predict token by token, and the documents that they learn from and are judged on.

N-grams count in a second, so a chapter can recompute everything that it says.
"""

from dataclasses import dataclass

import datasets
import numpy as np

from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.evaluation.kneser_ney import BLOCK, KneserNey


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
    """A Kneser-Ney model that says of all places of a text what it takes to come next."""

    def predict(self, tokens: np.ndarray, offsets: np.ndarray, block: int = BLOCK) -> Predictions:
        """At each place of documents as in `fit`. Memory: `block` distributions at a time."""
        blocks = []
        for target, probability in self.distributions(tokens, offsets, block):
            rows, guess = np.arange(len(target)), probability.argmax(1)
            blocks.append((target, guess, probability[rows, target], probability[rows, guess]))
        target, guess, chance, confidence = map(np.concatenate, zip(*blocks, strict=True))
        document = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets) + 1)  # a document's end is a place, too
        return Predictions(target, guess, chance, confidence, document, self.vocab_size + 1)
