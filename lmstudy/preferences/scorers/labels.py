"""People's own labels of a corpus, looked up: the author of a review says whether it is a good or a bad one."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from lmstudy.data.corpus import to_stderr
from lmstudy.data.settings import parse
from lmstudy.data.source_reviews import Reviews
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.preferences.scorers.base import LookedUp


class LabelScorer(LookedUp):
    """s = 1 for each segment of a document with the bad label, else 0; known for texts of the corpus only.

    Args:
        source: the `data` config of the corpus that holds the labels.
        bad: the label of what people mind.
        threshold: a segment is good if its score is this or less.

    Raises:
        StudyError: the corpus has no labels, or not this one, or a threshold that tells no label from another; when
            asked for the score of a text that is not in the corpus.
    """

    name = "labels"
    highest: ClassVar[float] = 1.0

    def __init__(self, source: dict[str, Any], bad: str = "negative", threshold: float = 0.5) -> None:
        reviews = _reviews(source)
        if bad not in reviews.files:
            raise StudyError(f"scorer.bad={bad!r} is no label of scorer.source; choose from {sorted(reviews.files)}")
        if not 0 <= threshold < 1:
            raise StudyError(f"scorer.threshold={threshold} must lie in [0, 1): scores are 0 and 1")
        self.source, self.bad, self.threshold = source, bad, threshold

    def known(self, text: str) -> float | None:
        label = _labels(json.dumps(self.source, sort_keys=True)).get(text)
        return None if label is None else float(label == self.bad)

    def otherwise(self, segments: Sequence[str]) -> list[float]:
        text = "".join(segments)
        raise StudyError(f"scorer.source: the text {text[:60]!r} is none of the corpus and has no label")


def _reviews(source: dict[str, Any]) -> Reviews:
    reviews, _ = parse(source)
    if not isinstance(reviews, Reviews):
        raise StudyError(f"scorer.source._target_={source['_target_']}: its texts have no labels; take chinese_reviews")
    return reviews


@cache
def _labels(source: str) -> dict[str, str]:
    """Label by text; read once a process, so that a scorer stays small when it is sent to another one."""
    reviews = _reviews(json.loads(source))
    (part,) = reviews.parts(cache_folder(), to_stderr)
    return {document.text: reviews.label(document.path) for document in reviews.read(part).documents}
