"""What people themselves thought of a snippet, in a corpus of which they rated a part only."""

from collections.abc import Sequence
from typing import Any

from lmstudy.preferences.scorers.human_ratings import HumanRatingsScorer


class KnownRatingsScorer(HumanRatingsScorer):
    """s = - mean rating of the document; a text that nobody rated has no score, and is counted as such.

    Args:
        source: the `data` config of the corpus that holds the ratings.
        threshold: a snippet is good if its score is this or less.

    Raises:
        StudyError: the corpus has no ratings, or a threshold outside of their scale.
        LookupError: when asked for the score of a text that nobody rated; `lmstudy.preferences.scored.judge` then
            leaves that document without a score.
    """

    def __init__(self, source: dict[str, Any], threshold: float) -> None:
        super().__init__(source, threshold)

    def otherwise(self, segments: Sequence[str]) -> list[float]:
        raise LookupError("nobody rated the text")
