"""What every scorer is: a function of a document's segments to a misalignment score for each."""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import ClassVar, Literal

from lmstudy.preferences.rewriters.base import Rewriter


class Scorer(ABC):
    """What people mind, made a number. A new one is one class with `name` and `score`, and one YAML in `conf/scorer`.

    `score` takes the segments of one document in their order (joined they are its text) and returns a
    misalignment score for each: higher is worse, the reward is its negative, an empty segment scores 0. A
    scorer sees the whole document because a segment alone often cannot be judged: whether a line is indented
    well depends on the lines before it.

    Scorers are picklable, since corpora are scored in several processes, and deterministic. They score any
    text, however broken, since a model may write any. One that raises on a text all the same costs that text
    its score (it is counted and shown), never the run.
    """

    name: str
    """Stands in records and figures."""
    version: ClassVar[int] = 1
    """Raised, here and in `lmstudy.runs.identity.RAISED`, by a change that alters scores: they are made again."""
    unit: ClassVar[Literal["character", "segment"]] = "character"
    """What a score is per. Means weigh segments by their characters, or alike."""
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = math.inf
    """Scores outside of [lowest, highest], and NaN, are errors of the scorer."""
    threshold: float = 0.0
    """A segment is good if it scores this or less."""
    processes: ClassVar[bool] = True
    """Whether several processes score a corpus; a neural network uses all cores by itself."""
    any_text: bool = True
    """Whether it judges any text; false where it only looks up what people said of known ones."""
    masks: ClassVar[bool] = False
    """Whether texts must go through `masked` before they are shown to anyone."""

    @abstractmethod
    def score(self, segments: Sequence[str]) -> list[float]:
        """A score for each segment of one document."""

    def score_batch(self, documents: Sequence[Sequence[str]]) -> list[list[float]]:
        """`score` of several documents; overridden where that is faster together, as in a neural network."""
        return [self.score(segments) for segments in documents]

    def ready(self) -> None:
        """Load what it judges with, by judging nothing, so that what lacks shows before there is a text to judge."""
        self.score_batch([])

    def masked(self, text: str) -> str:
        """The text as it may be shown: what is private in it is replaced."""
        return text

    def rewriter(self) -> Rewriter | None:
        """What repairs texts that it minds; None where nothing does."""
        return None


def per_character(segments: Sequence[str], positions: Iterable[int]) -> list[float]:
    """How many of some positions of the whole text lie in each segment, divided by its characters; 0 in an empty one.

    Args:
        segments: of one document, in order.
        positions: in characters from the beginning of the document, each within it.
    """
    ends = list(accumulate(map(len, segments)))
    counts = [0] * len(segments)
    for position in positions:
        counts[bisect_right(ends, position)] += 1
    return [count / len(segment) if segment else 0.0 for count, segment in zip(counts, segments, strict=True)]


class LookedUp(Scorer):
    """What people said of whole texts, looked up: each segment of a document scores what its text does."""

    unit: ClassVar[Literal["character", "segment"]] = "segment"
    any_text = False

    @abstractmethod
    def known(self, text: str) -> float | None:
        """The score of a text; None where nobody said anything."""

    @abstractmethod
    def otherwise(self, segments: Sequence[str]) -> list[float]:
        """Scores of a text of which nobody said anything."""

    def score(self, segments: Sequence[str]) -> list[float]:
        text = "".join(segments)
        found = self.known(text) if text else 0.0
        return self.otherwise(segments) if found is None else [found if segment else 0.0 for segment in segments]
