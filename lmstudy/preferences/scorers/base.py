"""What every scorer is: a function of a document's segments to a misalignment score for each."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal


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
    """Raised by a change that alters scores: kept scores are then made again."""
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

    def masked(self, text: str) -> str:
        """The text as it may be shown: what is private in it is replaced."""
        return text
