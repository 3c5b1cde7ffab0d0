"""Runs of words and of characters that a text holds, as numbers: what linear models of text are made of.

Hashed, so that no vocabulary has to be kept, and texts of any language have some (Weinberger et al. 2009).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack

WORD = r"(?u)\b\w+(?:'\w+)?\b|[^\w\s]+"
"""Words, with "n't" and "'s" in them, and runs of punctuation."""
WORDS, CHARACTERS = (1, 2), (2, 6)
"""Shortest and longest run."""


def ngrams(texts: Sequence[str], buckets: int) -> list[NDArray[np.int32]]:
    """Which of the numbers 1 to `buckets` each text has, in order; a third of them are for words.

    Case is ignored; runs of characters lie inside of words, with the space at either end.
    """
    if not texts:
        return []
    found = hstack([hasher.transform(texts) for hasher in _hashers(buckets)], format="csr")
    found.sort_indices()
    return [(row + 1).astype(np.int32) for row in np.split(found.indices, found.indptr[1:-1])]


@cache
def _hashers(buckets: int) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    common: Any = {"alternate_sign": False, "norm": None}
    words = HashingVectorizer(n_features=buckets // 3, ngram_range=WORDS, token_pattern=WORD, **common)
    characters = buckets - buckets // 3
    return words, HashingVectorizer(n_features=characters, ngram_range=CHARACTERS, analyzer="char_wb", **common)


def rarity(rows: Sequence[NDArray[np.int32]], buckets: int) -> NDArray[np.float32]:
    """[buckets + 1] log((1 + texts) / (1 + texts that have it)) + 1 of each number; 0 for 0, which is none."""
    having = np.bincount(np.concatenate([[], *rows]).astype(np.int64), minlength=buckets + 1)
    weights = np.log((1 + len(rows)) / (1 + having)) + 1
    weights[0] = 0
    return weights.astype(np.float32)
