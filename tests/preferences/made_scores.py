"""Documents in memory with a score for each segment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lmstudy.preferences.scored import Repaired, ScoredDocuments

NAN = float("nan")


class Even:
    """Documents of segments of equal length; token ids from `first` up, no two alike in a document."""

    def __init__(self, segments: Sequence[int], length: int, first: int = 100) -> None:
        self.segments, self.length, self.first = np.array(segments, dtype=np.int64), length, first

    def __len__(self) -> int:
        return len(self.segments)

    def tokens(self, index: int) -> np.ndarray:
        return np.arange(self.first, self.first + self.segments[index] * self.length)

    def starts(self, index: int) -> np.ndarray:
        return np.arange(self.segments[index]) * self.length

    def lengths(self, index: np.ndarray) -> np.ndarray:
        return self.segments[index] * self.length

    def segment_counts(self) -> np.ndarray:
        return self.segments


def made(*documents: Sequence[float], threshold: float = 0.0, length: int = 3, first: int = 100) -> ScoredDocuments:
    """Documents by the scores of their segments, each of `length` tokens; NaN: the scorer raised on the document."""
    scores = np.array([score for document in documents for score in document], dtype=np.float32)
    offsets = np.cumsum([0, *map(len, documents)])
    unscored = np.array([i for i, document in enumerate(documents) if np.isnan(document).any()], dtype=np.int64)
    store = Even([len(document) for document in documents], length, first)
    return ScoredDocuments(store, scores, offsets, threshold, unscored)  # type: ignore[arg-type]


def repaired(scored: ScoredDocuments, documents: Mapping[int, Sequence[float]], length: int = 3) -> ScoredDocuments:
    """The same with some documents repaired, by their new scores; token ids of those are from 500 up."""
    after = made(*documents.values(), threshold=scored.threshold, length=length, first=500)
    what = ("with_bad", "rewritten", "left_failed", "left_empty", "left_unchanged", "left_no_better", "segments",
            "bad_segments", "segments_after", "bad_segments_after")  # fmt: skip
    counts = {f"rewriting/{name}": float(number) for number, name in enumerate(what)}
    return replace(scored, repaired=Repaired(np.array(list(documents), dtype=np.int64), after, counts))
