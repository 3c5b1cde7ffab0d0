"""What every scorer is: a function of a document's segments to a misalignment score for each."""

from collections.abc import Sequence
from typing import Protocol


class Scorer(Protocol):
    """What people mind, made a number.

    `score` takes the segments of one document in their order (joined they are its text) and returns a
    misalignment score for each: per character, 0 is perfect, higher is worse; the reward is its negative.
    An empty segment scores 0. A scorer sees the whole document because a segment alone often cannot be
    judged: whether a line is indented well depends on the lines before it.

    Scorers are picklable, since corpora are scored in several processes, and deterministic. They score any
    text, however broken, since a model may write any; what cannot be judged is a violation, not an error.
    """

    name: str

    def score(self, segments: Sequence[str]) -> list[float]: ...
