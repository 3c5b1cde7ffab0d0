"""The figure of the chapter on objectives at their own rates."""

from __future__ import annotations

from matplotlib.figure import Figure

from lmstudy.chapters.own_rates.own_rates import MORE_BITS, Found, costs, fewer
from lmstudy.show.points import point_panels
from lmstudy.study.estimates import GRADERS


def gains_and_prices(found: Found) -> Figure:
    """How many times fewer items than MLE each objective writes from nothing, by both graders, and what it costs."""
    gain, price = "What it gains", "What it costs"
    graders = {grader: fewer(found, key) for grader, key in GRADERS.items()}
    return point_panels(
        {gain: graders, price: {"bits per byte": costs(found)}},
        {gain: "times fewer items than MLE (95 % intervals)", price: f"{MORE_BITS} (95 % intervals)"},
        log=[gain],
    )
