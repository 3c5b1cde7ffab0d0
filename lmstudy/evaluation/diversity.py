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

Words are runs of letters and digits, single Chinese characters, and single marks; white space is none.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError

Words = tuple[str, ...]

ORDERS = (1, 2, 3, 4)
AT = 10_000
"""N-grams at which distinct-n is taken, unless there are fewer."""
BLOCK = 128
"""Texts that self-BLEU compares with each other."""
PARTS = 20
"""Parts of the texts, the largest of which must not decide at how many n-grams distinct-n is taken."""
LOOPS, SHORTEST_PHRASE = 3, 2
_WORD = re.compile(r"[㐀-鿿]|[^\W㐀-鿿]+|[^\w\s]")


def diversity(texts: Sequence[str]) -> dict[str, float]:
    """How varied some texts are; see the module for the definitions. NaN where there is too little text.

    Returns:
        `empty`, the share of texts without a word, which count nowhere below but in the mean lengths `characters`
        and `words`; `self_bleu`, 0 to 100; `repeated`, the share of 4-grams that occurred before in their text;
        `loops`, the share of texts that end in one; `distinct_1` to `distinct_4`.

    Raises:
        StudyError: no text.
    """
    if not texts:
        raise StudyError("diversity needs at least one text")
    cut = [words(text) for text in texts]
    spoken = [text for text in cut if text]
    shuffled = [spoken[i] for i in np.random.default_rng(0).permutation(len(spoken))]
    fours = [_grams(text, 4) for text in spoken]
    return {
        "empty": sum(not text for text in cut) / len(cut),
        "characters": sum(map(len, texts)) / len(texts),
        "words": sum(map(len, cut)) / len(cut),
        "self_bleu": self_bleu(shuffled),
        "repeated": _share(sum(each.total() - len(each) for each in fours), sum(each.total() for each in fours)),
        "loops": _share(sum(map(loops, spoken)), len(spoken)),
        **{f"distinct_{n}": distinct(shuffled, n) for n in ORDERS},
    }


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


def distinct(texts: Sequence[Words], n: int, at: int = AT) -> float:
    """Distinct-n among `at` n-grams, or as many as are left without the largest of `PARTS` parts of the texts."""
    counts: Counter[Words] = Counter()
    sizes = [0] * max(1, min(PARTS, len(texts)))
    for index, text in enumerate(texts):
        grams = _grams(text, n)
        counts.update(grams)
        sizes[index % len(sizes)] += grams.total()
    m = min(at, sum(sizes) - max(sizes) if len(sizes) > 1 else sum(sizes))
    return rarefied(np.array(list(counts.values())), m) / m if m else math.nan


def self_bleu(texts: Sequence[Words], block: int = BLOCK) -> float:
    """Mean BLEU (0 to 100) of each text with the others of its block.

    Texts that fill no block are left out, so that every text has the same number of references.
    """
    if len(texts) < 2:
        return math.nan
    block = min(block, len(texts))
    starts = range(0, len(texts) - block + 1, block)
    return float(np.mean([np.mean(block_bleu(texts[start : start + block])) for start in starts]))


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


def _grams(text: Words, n: int) -> Counter[Words]:
    return Counter(text[start : start + n] for start in range(len(text) - n + 1))


def _share(some: int, of: int) -> float:
    return some / of if of else math.nan
