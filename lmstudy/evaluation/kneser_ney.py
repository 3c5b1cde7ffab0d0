"""The n-gram baseline: interpolated modified Kneser-Ney smoothing over token ids.

Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling". For a context h
of k - 1 symbols, and h' the same context without its oldest symbol,

    p_k(w | h) = (a(hw) - D(a(hw))) / sum_v a(hv)  +  gamma(h) p_{k-1}(w | h')
    gamma(h)   = (D1 N1(h) + D2 N2(h) + D3 N3(h)) / sum_v a(hv)

with N1, N2, N3 the number of words seen once, twice, and three times or more after h, and p_0 uniform. The
counts a are plain counts at the highest order; below it they are the number of different symbols that precede
the n-gram, except that an n-gram opening a document keeps its plain count, since nothing can precede it
(Heafield et al. 2013, "Scalable modified Kneser-Ney language model estimation").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from lmstudy.errors import StudyError

FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)
"""Used at an order whose counts of counts give no valid discounts, as KenLM's `--discount_fallback` does."""

BLOCK = 256
"""Places predicted at a time: a block holds so many whole distributions."""


@dataclass(frozen=True)
class _Level:
    """All n-grams of one order, sorted by key, and the contexts they have, sorted too."""

    keys: np.ndarray  # uint64 [n-grams]
    weights: np.ndarray  # float64 [n-grams], the discounted relative frequency
    contexts: np.ndarray  # uint64 [contexts]
    backoffs: np.ndarray  # float64 [contexts], gamma

    def interpolate(self, keys: np.ndarray, lower: np.ndarray, base: int) -> np.ndarray:
        """p_k of each n-gram from p_{k-1}; a context never seen passes the lower order on unchanged."""
        return _lookup(self.keys, self.weights, keys, 0.0) + lower * _lookup(
            self.contexts, self.backoffs, keys // base, 1.0
        )

    def interpolate_rows(self, lower: np.ndarray, rows: np.ndarray, contexts: np.ndarray, base: int) -> None:
        """Make p_k(. | h) of p_{k-1}(. | h') in place: of `rows` of `lower` [any, base], each with its context h."""
        if not (rows.size and self.contexts.size):
            return
        at = np.minimum(np.searchsorted(self.contexts, contexts), self.contexts.size - 1)
        known = np.flatnonzero(self.contexts[at] == contexts)
        rows, contexts = rows[known], contexts[known]
        lower[rows] *= self.backoffs[at[known], None]
        first = np.searchsorted(self.keys, contexts * base)
        count = np.searchsorted(self.keys, contexts * base + (base - 1), side="right") - first
        entries = np.arange(count.sum()) + np.repeat(first - np.cumsum(count) + count, count)
        words = (self.keys[entries] % base).astype(np.int64)
        lower[np.repeat(rows, count), words] += self.weights[entries]


class KneserNey:
    """A model of token documents; one extra symbol, id `vocab_size`, stands for a document's edges.

    A document w1 ... wL is framed as <s> w1 ... wL </s>: the first edge is only ever a context and the last
    only ever predicted, so both can be the same symbol, and predictions are over `vocab_size + 1` outcomes.
    Near the start, contexts are shorter than `order - 1`; no n-gram crosses from one document into another.

    Raises:
        StudyError: an n-gram, written as a number in base `vocab_size + 1`, does not fit 64 bits.
    """

    def __init__(self, order: int, vocab_size: int) -> None:
        if order < 1 or vocab_size < 1:
            raise StudyError(f"order={order} and vocab_size={vocab_size}: both must be at least 1")
        if (vocab_size + 1) ** order > 2**64:
            raise StudyError(
                f"order={order} with vocab_size={vocab_size}: such an n-gram does not fit a 64-bit key, "
                "which needs (vocab_size + 1) ** order <= 2 ** 64; lower one of the two"
            )
        self.order = order
        self.vocab_size = vocab_size
        self._base = vocab_size + 1
        self._levels: list[_Level] = []

    def fit(self, tokens: np.ndarray, offsets: np.ndarray) -> Self:
        """Count the documents `tokens[offsets[i]:offsets[i + 1]]`, replacing whatever was counted before.

        Raises:
            StudyError: no document, a token outside the vocabulary, or offsets that do not ascend.
        """
        stream, age = self._frame(tokens, offsets)
        predicted = np.flatnonzero(age >= max(1, self.order - 1))
        keys, counts = np.unique(self._keys(stream, predicted, self.order), return_counts=True)
        levels = [_level(keys, counts, self._base)]
        for k in range(self.order - 1, 0, -1):
            keys, counts = np.unique(keys % self._base**k, return_counts=True)
            if k > 1:  # the edge has the highest id, so the n-grams that open a document sort last
                opening = self._keys(stream, np.flatnonzero(age == k - 1), k)
                opening_keys, opening_counts = np.unique(opening, return_counts=True)
                keys = np.concatenate([keys, opening_keys])
                counts = np.concatenate([counts, opening_counts])
            levels.append(_level(keys, counts, self._base))
        self._levels = levels[::-1]
        return self

    def bits(self, tokens: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """-log2 p of each document, its end included: float64 [documents]. Documents as in `fit`."""
        self._require_fit()
        stream, age = self._frame(tokens, offsets)
        predicted = np.flatnonzero(age >= 1)
        probability = np.full(len(predicted), 1 / self._base)
        for k, level in enumerate(self._levels, start=1):
            deep = np.flatnonzero(age[predicted] >= k - 1)
            keys = self._keys(stream, predicted[deep], k)
            probability[deep] = level.interpolate(keys, probability[deep], self._base)
        first_of_document = np.flatnonzero(age[predicted] == 1)
        return np.add.reduceat(-np.log2(probability), first_of_document)

    def distribution(self, context: Sequence[int] | np.ndarray) -> np.ndarray:
        """p(. | context): float64 [vocab_size + 1], the end of the document last.

        A context shorter than `order - 1` is taken to be the whole document so far.
        """
        self._require_fit()
        history = [self.vocab_size, *_checked(np.asarray(context, dtype=np.int64), self.vocab_size).tolist()]
        words = np.arange(self._base, dtype=np.uint64)
        probability = np.full(self._base, 1 / self._base)
        for k, level in enumerate(self._levels[: len(history) + 1], start=1):
            key = 0
            for symbol in history[len(history) - (k - 1) :]:
                key = key * self._base + symbol
            probability = level.interpolate(words + np.uint64(key * self._base), probability, self._base)
        return probability

    def distributions(
        self, tokens: np.ndarray, offsets: np.ndarray, block: int = BLOCK
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What comes at each place of documents as in `fit`, their ends included, and p(. | what precedes it).

        p_k(. | h) is gamma(h) p_{k-1}(. | h') plus the discounted frequencies of the few words seen after h. So a
        distribution is the dense one of single tokens, scaled and added to at some entries, `order - 1` times.

        Yields:
            Symbols int64 [n] and probabilities float64 [n, vocab_size + 1] of the next n <= `block` places.
        """
        self._require_fit()
        stream, age = self._frame(tokens, offsets)
        predicted = np.flatnonzero(age >= 1)
        words = np.arange(self._base, dtype=np.uint64)
        alone = self._levels[0].interpolate(words, np.full(self._base, 1 / self._base), self._base)
        for start in range(0, len(predicted), block):
            ends = predicted[start : start + block]
            probability = np.tile(alone, (len(ends), 1))
            for k, level in enumerate(self._levels[1:], start=2):
                deep = np.flatnonzero(age[ends] >= k - 1)
                level.interpolate_rows(probability, deep, self._keys(stream, ends[deep] - 1, k - 1), self._base)
            yield stream[ends].astype(np.int64), probability

    def _require_fit(self) -> None:
        if not self._levels:
            raise StudyError("this Kneser-Ney model has no counts yet: call fit(tokens, offsets) first")

    def _frame(self, tokens: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The framed documents end to end: symbols uint64 [N], and the place of each in its document."""
        offsets = np.asarray(offsets, dtype=np.int64)
        lengths = np.diff(offsets)
        if not lengths.size or lengths.min() < 0 or offsets[0] < 0 or offsets[-1] > len(tokens):
            raise StudyError(
                f"{len(offsets)} offsets over {len(tokens)} tokens: "
                "they must ascend, stay within the tokens, and delimit at least one document"
            )
        flat = _checked(np.asarray(tokens)[offsets[0] : offsets[-1]], self.vocab_size)
        starts = offsets[:-1] - offsets[0] + 2 * np.arange(len(lengths))
        age = np.arange(flat.size + 2 * len(lengths)) - np.repeat(starts, lengths + 2)
        inside = (age > 0) & (age <= np.repeat(lengths, lengths + 2))
        stream = np.full(age.size, self.vocab_size, dtype=np.uint64)
        stream[inside] = flat
        return stream, age

    def _keys(self, stream: np.ndarray, ends: np.ndarray, k: int) -> np.ndarray:
        """The k-gram that ends at each place, oldest symbol in the highest digit: uint64 [len(ends)]."""
        keys = np.zeros(len(ends), dtype=np.uint64)
        for back in range(k - 1, -1, -1):
            keys *= self._base
            keys += stream[ends - back]
        return keys


def _level(keys: np.ndarray, counts: np.ndarray, base: int) -> _Level:
    discount = np.array([0.0, *_discounts(counts)])[np.minimum(counts, 3)]
    owners = keys // base
    first = np.flatnonzero(np.concatenate([[True], owners[1:] != owners[:-1]])) if keys.size else np.empty(0, int)
    sizes = np.diff(np.append(first, len(keys)))
    totals = np.add.reduceat(counts, first) if keys.size else np.empty(0)
    withheld = np.add.reduceat(discount, first) if keys.size else np.empty(0)
    weights = (counts - discount) / np.repeat(totals, sizes)
    return _Level(keys, weights, owners[first], withheld / totals)


def _discounts(counts: np.ndarray) -> tuple[float, float, float]:
    """D_i = i - (i + 1) Y n_{i+1} / n_i with Y = n1 / (n1 + 2 n2), and n_i the n-grams counted i times.

    Small data can lack some n_i or put a D_i outside (0, i], where it would leave no probability for unseen
    words or take more than there is: then the order uses `FALLBACK_DISCOUNTS`.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6).tolist()
    if 0 in n[1:5]:
        return FALLBACK_DISCOUNTS
    y = n[1] / (n[1] + 2 * n[2])
    found = [i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3)]
    if any(not 0 < d <= i for i, d in enumerate(found, start=1)):
        return FALLBACK_DISCOUNTS
    return found[0], found[1], found[2]


def _lookup(table: np.ndarray, values: np.ndarray, queries: np.ndarray, default: float) -> np.ndarray:
    if not table.size:
        return np.full(len(queries), default)
    at = np.minimum(np.searchsorted(table, queries), table.size - 1)
    return np.where(table[at] == queries, values[at], default)


def _checked(tokens: np.ndarray, vocab_size: int) -> np.ndarray:
    if tokens.size and (tokens.min() < 0 or tokens.max() >= vocab_size):
        raise StudyError(f"token ids run from {tokens.min()} to {tokens.max()}: they must lie in [0, {vocab_size})")
    return tokens
