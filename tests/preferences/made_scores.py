"""Documents in memory with a score for each segment."""

from collections.abc import Sequence

import numpy as np

from lmstudy.preferences.scored import ScoredDocuments

NAN = float("nan")


class Even:
    """Documents of segments of equal length; token ids from 100 up, no two alike in a document."""

    def __init__(self, segments: Sequence[int], length: int) -> None:
        self.segments, self.length = np.array(segments), length

    def __len__(self) -> int:
        return len(self.segments)

    def tokens(self, index: int) -> np.ndarray:
        return np.arange(100, 100 + self.segments[index] * self.length)

    def starts(self, index: int) -> np.ndarray:
        return np.arange(self.segments[index]) * self.length

    def lengths(self, index: np.ndarray) -> np.ndarray:
        return self.segments[index] * self.length

    def segment_counts(self) -> np.ndarray:
        return self.segments


def made(*documents: Sequence[float], threshold: float = 0.0, length: int = 3) -> ScoredDocuments:
    """Documents by the scores of their segments, each of `length` tokens; NaN: the scorer raised on the document."""
    scores = np.array([score for document in documents for score in document], dtype=np.float32)
    offsets = np.cumsum([0, *map(len, documents)])
    unscored = np.array([i for i, document in enumerate(documents) if np.isnan(document).any()], dtype=np.int64)
    store = Even([len(document) for document in documents], length)
    return ScoredDocuments(store, scores, offsets, threshold, unscored)  # type: ignore[arg-type]
