"""Whether a set of texts is varied, or one text over and over: a method must not win by writing little, or the same.

- distinct-n (Li et al. 2016): different n-grams / n-grams. It falls with the amount of text, so it is taken at a
  fixed number m of n-grams: of N n-grams, c_i of which are of type i, m drawn without replacement hold in the
  mean D = sum_i 1 - C(N - c_i, m) / C(N, m) types (rarefaction, Hurlbert 1971).
- self-BLEU (Zhu et al. 2018): BLEU of each text with others as its references; high is monotonous. It rises with
  the number of references, so the texts are dealt at random into blocks of a fixed size, and each is compared
  with all others of its block.
- repetition: the share of n-grams that occurred before in the same text (Welleck et al. 2020, seq-rep-n), and
  the share of texts that end in a loop, a phrase of two words or more that stands there three times in a row
  (Holtzman et al. 2020).

Words are runs of letters and digits, single Chinese characters, and single marks; white space is none. Intervals
are over texts of one training (n = 1): the spread between seeds is for the caller to add.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap, seed_interval

Words = tuple[str, ...]

ORDERS = (1, 2, 3, 4)
AT = 10_000
"""N-grams at which distinct-n is taken, unless there are fewer."""
BLOCK = 128
"""Texts that self-BLEU compares with each other."""
PARTS = 20
"""Parts of the texts that the jackknife leaves out in turn."""
LOOPS, SHORTEST_PHRASE = 3, 2
_WORD = re.compile(r"[㐀-鿿]|[^\W㐀-鿿]+|[^\w\s]")


@dataclass(frozen=True)
class Diversity:
    """How varied some texts are; see the module for the definitions."""

    texts: int
    empty: Estimate
    """Share of texts without a word. They count nowhere below but in the lengths."""
    characters: Estimate
    """Mean per text."""
    words: Estimate
    """Mean per text."""
    distinct: dict[int, Estimate]
    """By n; the share of different n-grams among `at[n]`."""
    at: dict[int, int]
    self_bleu: Estimate
    """0 to 100; NaN where there are not two texts."""
    block: int
    """Texts that were compared with each other; self-BLEU of other sizes does not compare."""
    repeated: Estimate
    """Share of 4-grams that occurred before in their text."""
    loops: Estimate
    """Share of texts that end in a loop."""


def diversity(
    texts: Sequence[str], *, seed: int = 0, at: int = AT, block: int = BLOCK, confidence: float = 0.95
) -> Diversity:
    """Measure a set of texts; the seed deals them into the blocks of self-BLEU and the parts of the jackknife.

    Raises:
        StudyError: no text, or `at` or `block` too small.
    """
    if not texts:
        raise StudyError("diversity needs at least one text")
    if at < 1 or block < 2:
        raise StudyError(f"diversity: at={at} must be at least 1 n-gram, block={block} at least 2 texts")
    cut = [words(text) for text in texts]
    spoken = [text for text in cut if text]
    rng = np.random.default_rng(seed)
    shuffled = [spoken[i] for i in rng.permutation(len(spoken))]

    def mean(values: Sequence[float], sizes: Sequence[float] | None = None) -> Estimate:
        if not values:
            return _unknown(confidence)
        counts = np.stack([np.array(values, float), np.array(sizes or [1.0] * len(values), float)], axis=-1)
        return ratio_of_sums_bootstrap(counts[None], confidence=confidence, seed=seed)

    size = min(block, len(spoken))
    found = {n: distinct(shuffled, n, at, confidence) for n in ORDERS}
    return Diversity(
        texts=len(texts),
        empty=mean([float(not text) for text in cut]),
        characters=mean([len(text) for text in texts]),
        words=mean([len(text) for text in cut]),
        distinct={n: estimate for n, (estimate, _) in found.items()},
        at={n: number for n, (_, number) in found.items()},
        self_bleu=_self_bleu(shuffled, size, confidence),
        block=size,
        repeated=mean(*_repeated(spoken)),
        loops=mean([float(loops(text)) for text in spoken]),
    )


def words(text: str) -> Words:
    """What n-grams are made of."""
    return tuple(_WORD.findall(text))


def loops(text: Words) -> bool:
    """Whether a text ends in a phrase that stands there three times in a row."""
    sizes = range(SHORTEST_PHRASE, len(text) // LOOPS + 1)
    return any(text[-size * LOOPS :] == text[-size:] * LOOPS for size in sizes)


def rarefied(counts: NDArray[np.int64], m: int) -> float:
    """How many types m things drawn without replacement hold in the mean, from how many there are of each type."""
    from scipy.special import gammaln

    total = counts.sum()
    sizes, types = np.unique(counts[counts > 0], return_counts=True)
    missed = np.zeros(len(sizes))
    some = total - sizes >= m  # else every draw holds one
    left = total - sizes[some]
    missed[some] = np.exp(gammaln(left + 1) - gammaln(left - m + 1) - gammaln(total + 1) + gammaln(total - m + 1))
    return float(types @ (1 - missed))


def _grams(text: Words, n: int) -> Counter[Words]:
    return Counter(text[start : start + n] for start in range(len(text) - n + 1))


def distinct(texts: Sequence[Words], n: int, at: int = AT, confidence: float = 0.95) -> tuple[Estimate, int]:
    """Distinct-n among m n-grams with the interval of a jackknife over parts of the texts, and m.

    Not a bootstrap: texts that are drawn twice would make any set look monotonous.
    """
    parts = min(PARTS, len(texts))
    numbers: dict[Words, int] = {}
    places: list[tuple[int, int]] = []  # part and type of every n-gram
    for index, text in enumerate(texts):
        grams = (text[start : start + n] for start in range(len(text) - n + 1))
        places += [(index % parts, numbers.setdefault(gram, len(numbers))) for gram in grams]
    table = np.zeros((parts, len(numbers)), dtype=np.int64)
    if places:
        np.add.at(table, tuple(np.array(places).T), 1)
    rest = table.sum(0) - table
    m = min(at, int(rest.sum(1).min())) if parts > 1 else min(at, len(places))
    if m < 1:
        return _unknown(confidence), 0
    value = rarefied(table.sum(0), m) / m
    without = np.array([rarefied(row, m) / m for row in rest]) if parts > 1 else np.array([value])
    return _around(value, parts * value - (parts - 1) * without, confidence), m


def _self_bleu(texts: Sequence[Words], block: int, confidence: float) -> Estimate:
    """Mean BLEU (0 to 100) of each text with the others of its block, whose means give the interval.

    Texts that fill no block are left out, so that every text has the same number of references.
    """
    if len(texts) < 2:
        return _unknown(confidence)
    means = [
        float(np.mean(block_bleu(texts[start : start + block]))) for start in range(0, len(texts) - block + 1, block)
    ]
    return _around(float(np.mean(means)), np.array(means), confidence)


def block_bleu(texts: Sequence[Words]) -> list[float]:
    """BLEU of each text with all others as its references, in time linear in their number.

    An n-gram of a text counts as matched as often as the one of the others that holds it most has it: the most
    or, for the text that is this one, the second most of all. Smoothing is sacrebleu's for single sentences.
    """
    from sacrebleu.metrics.bleu import BLEU

    counts = [[_grams(text, n) for n in ORDERS] for text in texts]
    most: dict[Words, tuple[int, int]] = {}  # the two largest counts of an n-gram in one text
    for grams in counts:
        for gram, count in (item for each in grams for item in each.items()):
            first, second = most.get(gram, (0, 0))
            most[gram] = (max(first, count), max(min(first, count), second))
    lengths = np.array([len(text) for text in texts])
    scores = []
    for index, grams in enumerate(counts):
        matched = [
            sum(min(count, most[gram][count == most[gram][0]]) for gram, count in each.items()) for each in grams
        ]
        others = np.delete(lengths, index)
        nearest = min(others.tolist(), key=lambda length: (abs(length - lengths[index]), length))
        found = BLEU.compute_bleu(
            correct=matched,
            total=[each.total() for each in grams],
            sys_len=int(lengths[index]),
            ref_len=int(nearest),
            smooth_method="exp",
            effective_order=True,
        )
        scores.append(found.score)
    return scores


def _repeated(texts: Sequence[Words], n: int = 4) -> tuple[list[float], list[float]]:
    """N-grams of each text that occurred before in it, and all of its n-grams."""
    grams = [_grams(text, n) for text in texts if len(text) >= n]
    return [float(each.total() - len(each)) for each in grams], [float(each.total()) for each in grams]


def _around(value: float, values: NDArray[np.float64], confidence: float) -> Estimate:
    """A value with the Student interval of values that are independent of each other."""
    spread = seed_interval(values, confidence)
    half = spread.high - spread.value
    return Estimate(value, value - half, value + half, 1, confidence, spread.df)


def _unknown(confidence: float) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, 1, confidence)
