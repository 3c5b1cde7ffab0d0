"""What people themselves thought of a snippet, looked up: the scorer of a corpus that people rated."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from lmstudy.data.source_ratings import BEST, WORST
from lmstudy.errors import StudyError
from lmstudy.preferences.ratings import LEVELS, counts_by_text, rated_source
from lmstudy.preferences.scorers.base import LookedUp


class HumanRatingsScorer(LookedUp):
    """s = - mean rating of the whole document, for each of its segments; known for texts that people rated.

    Args:
        source: the `data` config of the corpus that holds the ratings.
        threshold: a snippet is good if its score is this or less.
        reward: the record of a reward model that judges texts which nobody rated.

    Raises:
        StudyError: the corpus has no ratings, or a threshold outside of their scale; when asked for the score of a
            text that nobody rated, without a reward model.
    """

    name = "sentiment"
    lowest: ClassVar[float] = -BEST
    highest: ClassVar[float] = -WORST

    def __init__(self, source: dict[str, Any], threshold: float, reward: str | None = None) -> None:
        rated_source(source)
        if not self.lowest <= threshold <= self.highest:
            raise StudyError(
                f"scorer.threshold={threshold} must lie in [{self.lowest:g}, {self.highest:g}]: "
                "it is compared with minus a mean rating"
            )
        self.source, self.threshold, self.reward = source, threshold, reward
        self.any_text = reward is not None

    def known(self, text: str) -> float | None:
        mean = _means(json.dumps(self.source, sort_keys=True)).get(text)
        return None if mean is None else -mean

    def otherwise(self, segments: Sequence[str]) -> list[float]:
        raise StudyError(
            f"scorer.source: nobody rated the text {''.join(segments)[:60]!r}; "
            "texts of a model need scorer.reward, a reward model"
        )


@cache
def _means(source: str) -> dict[str, float]:
    """Mean rating by text; read once a process, so that a scorer stays small when it is sent to another one."""
    return {text: float(n @ LEVELS / n.sum()) for text, n in counts_by_text(json.loads(source)).items()}
