"""The study's largest model, and what the ladder foretells of it."""

from __future__ import annotations

from lmstudy.chapters.scale.ladder import Ladder, points
from lmstudy.evaluation.scaling_law import FORMS, fitted
from lmstudy.evaluation.statistics import Estimate

FLAGSHIP = ("experiment=flagship",)
HALF = ("experiment=flagship", "budget.steps=4800")
"""Half as long, and on the way there."""


def forecasts(ladder: Ladder, parameters: float, tokens: float) -> dict[str, Estimate]:
    """Bits per byte of one training by each form of the law, fitted to the whole ladder.

    The ladder learned from another corpus, without control tokens, and from a twentieth of the text at most.
    """
    return {form: fitted(points(ladder), form).forecast(parameters, tokens) for form in FORMS}
