"""Good or bad by whichever of several scorers knows a text: one scale for corpora of which each has its own."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.base import Scorer


class FirstKnownScorer(Scorer):
    """s = 1 for each segment that is bad by the first scorer that knows its document, else 0.

    Args:
        scorers: configurations by name, in the order in which they are asked; one that does not know a text raises
            LookupError, as `KnownRatingsScorer` does.
        threshold: a segment is good if its score is this or less.

    Raises:
        StudyError: no scorer, or a threshold that does not tell good from bad.
        LookupError: when asked for the score of a text that none knows.
    """

    name = "first_known"
    unit: ClassVar[Literal["character", "segment"]] = "segment"
    highest: ClassVar[float] = 1.0
    any_text = False

    def __init__(self, scorers: Mapping[str, dict[str, Any]], threshold: float = 0.5) -> None:
        if not scorers:
            raise StudyError("scorer.scorers={}: name at least one, such as scorer@scorers.english: sentiment_known")
        if not 0 <= threshold < 1:
            raise StudyError(f"scorer.threshold={threshold} must lie in [0, 1): scores are 0 and 1")
        self.scorers = {name: build(own, f"scorer.scorers.{name}") for name, own in scorers.items()}
        self.threshold = threshold

    def score(self, segments: Sequence[str]) -> list[float]:
        for scorer in self.scorers.values():
            try:
                return [float(score > scorer.threshold) for score in scorer.score(segments)]
            except LookupError:
                continue
        raise LookupError(f"none of {', '.join(self.scorers)} knows the text")
