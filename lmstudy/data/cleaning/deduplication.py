"""Exact and near duplicates over a whole corpus.

Exact: equal after every run of white space is made one space. Near: J(A, B) = |A and B| / |A or B| of the
sets of token shingles reaches a threshold. Candidates come from MinHash signatures cut into b bands of r
rows (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4): a pair of
similarity s shares a band with probability 1 - (1 - s^r)^b. Each candidate is then verified with its exact
Jaccard similarity, so that nothing is dropped on an estimate.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lmstudy.data.cleaning.band_index import BandIndex
from lmstudy.data.segmentation import HAN

EXACT, NEAR = "exact_duplicate", "near_duplicate"
REASONS = {
    EXACT: "the same text, white space apart, was kept already",
    NEAR: "a text nearly the same was kept already",
}
MISSED = 1e-4
"""Probability at most that a pair exactly at the threshold shares no band."""

_SCHEME = "affine32"
_UNSPACED = HAN + r"\u3040-\u30ff"
_TOKENS = {
    "word": re.compile(r"\w+|[^\w\s]"),
    "character": re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]"),
}

Unit = Literal["word", "character"]
"""What a token of a shingle is: a word; or a word, but each character of Chinese and Japanese, which put no spaces
between words, so that a sentence would be one token. Text without such characters has the same tokens by both."""


class Deduplication(BaseModel):
    """Settings: Jaccard threshold, tokens in a shingle, what a token is, length of a signature."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    shingle: Annotated[int, Field(ge=1, le=50)] = 5
    permutations: Annotated[int, Field(ge=16, le=1024)] = 128
    unit: Unit = Field("word", exclude_if=lambda unit: unit == "word")  # fingerprints are older than this key


class Sketch(NamedTuple):
    """What deduplication needs to know of a document, small enough to send between processes."""

    exact: bytes
    signature: NDArray[np.uint32]


def shingles(text: str, size: int, unit: Unit = "word") -> NDArray[np.uint64]:
    """Hashes, sorted and without repeats, of the runs of `size` tokens (words, characters or single symbols).

    A text of fewer tokens is one shingle, so that it is a near duplicate only of the same tokens.
    """
    tokens = np.fromiter(map(_token_hash, _TOKENS[unit].findall(text)), dtype=np.uint64)
    size = max(1, min(size, len(tokens)))
    count = max(0, len(tokens) - size + 1)
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(size):  # Horner's rule modulo 2^64 in an odd base
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + tokens[offset : offset + count]
    return np.unique(hashes)


@lru_cache(maxsize=2**16)
def _token_hash(token: str) -> int:
    content = token.encode("utf-8", "replace")
    return zlib.crc32(content) | zlib.adler32(content) << 32


def jaccard(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    """|A and B| / |A or B| of two sets of shingles; 1 for two empty sets."""
    both = len(np.intersect1d(left, right, assume_unique=True))
    either = len(left) + len(right) - both
    return both / either if either else 1.0


def sketches(texts: Sequence[str], settings: Deduplication) -> Iterator[Sketch]:
    """A sketch for each text; the costly part, made for many processes."""
    from datasketch import MinHash  # takes 40 MB of memory and a third of a second, with scipy

    sets = (_folded(shingles(text, settings.shingle, settings.unit)) for text in texts)
    hashes = MinHash.generator(sets, num_perm=settings.permutations, seed=1, hashfunc=int, scheme=_SCHEME)
    for text, minhash in zip(texts, hashes, strict=True):
        normalised = " ".join(text.split()).encode("utf-8", "replace")
        yield Sketch(hashlib.blake2b(normalised, digest_size=16).digest(), minhash.hashvalues)


def _folded(hashes: NDArray[np.uint64]) -> list[int]:
    mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(32)).tolist()


def bands(threshold: float, permutations: int) -> tuple[int, int]:
    """The most rows r a band, with b = permutations // r bands, that miss a pair at the threshold at most
    with probability `MISSED`: more rows bring fewer candidates that turn out different."""
    fitting = [r for r in range(1, permutations // 2 + 1) if (1 - threshold**r) ** (permutations // r) <= MISSED]
    rows = max(fitting, default=1)
    return permutations // rows, rows


class Deduplicator:
    """Keeps a document unless one kept before is its duplicate: greedy, and the same for the same order."""

    def __init__(self, settings: Deduplication, text_of: Callable[[int], str]) -> None:
        """`text_of` gives the text of a number passed to `objection`, for the exact comparison."""
        self.settings = settings
        self.seen: set[bytes] = set()
        self.index = BandIndex(*bands(settings.threshold, settings.permutations))
        self.shingles_of = lru_cache(maxsize=4096)(
            lambda number: shingles(text_of(number), settings.shingle, settings.unit)
        )

    def objection(self, number: int, sketch: Sketch) -> str | None:
        """`EXACT` or `NEAR` if a kept document is a duplicate of this one; else none, and it is kept."""
        if sketch.exact in self.seen:
            return EXACT
        keys = self.index.keys(sketch.signature)
        if any(self._near(number, other) for other in self.index.query(keys)):
            return NEAR
        self.seen.add(sketch.exact)
        self.index.add(number, keys)
        return None

    def _near(self, number: int, other: int) -> bool:
        return jaccard(self.shingles_of(number), self.shingles_of(other)) >= self.settings.threshold


def duplicates(texts: Iterable[str], settings: Deduplication) -> list[str | None]:
    """`Deduplicator.objection` of each text in order, for collections that fit in memory."""
    held = list(texts)
    deduplicator = Deduplicator(settings, held.__getitem__)
    return [deduplicator.objection(number, sketch) for number, sketch in enumerate(sketches(held, settings))]
