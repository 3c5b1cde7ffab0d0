"""Claims of the chapter on scale."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.scale.ladder import (
    BITS,
    FORECAST,
    FORM,
    LENGTHS,
    RUNGS,
    SEVERAL,
    arm,
    law,
    points,
    size_and_text,
    trained,
)
from lmstudy.evaluation.scaling_law import fitted
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.study.claims import claim, confirm
from lmstudy.study.estimates import common_seeds, more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import above, below, within

of_scale = partial(claim, chapter="notebooks/24_scale")
SHORT, LONG = LENGTHS[0], SEVERAL
"""Steps of trainings of which there are three seeds."""


def _saved(first: tuple[str, ...], second: tuple[str, ...], shelf: Shelf) -> Estimate:
    one, other = common_seeds(shelf.trained(*first), shelf.trained(*second))
    return more_bits(one, other)


def _above_forecast(steps: int, shelf: Shelf) -> Estimate:
    """Bits per byte that the highest rung needs more than a law of the lower ones, fitted without it, says."""
    ladder = trained(shelf)
    highest = ladder.pop(RUNGS[-1])[steps]
    said = fitted(points(ladder), FORM, draws=1).law
    reached = [one.metrics[BITS] - float(said.loss(*size_and_text(one))) for one in highest]
    return seed_interval(reached)


def _growth(shelf: Shelf) -> Estimate:
    return law(trained(shelf)).estimate("growth")


# fmt: off
of_scale("On equally much text, the highest rung needs fewer bits per byte than the lowest.",
         "scale.size", partial(_saved, arm(RUNGS[0], LONG), arm(RUNGS[-1], LONG)), above(0), unit="bits per byte")
of_scale("Eight times the text lowers the bits per byte of the highest rung.",
         "scale.text", partial(_saved, arm(RUNGS[-1], SHORT), arm(RUNGS[-1], LONG)), above(0), unit="bits per byte")
of_scale("The best number of parameters grows with the arithmetic to a power between .4 and .6.",
         "scale.growth", _growth, within(0.4, 0.6), unit="power of the arithmetic")
of_scale("After the shortest trainings, the highest rung needs fewer bits per byte than the lower rungs forecast.",
         "scale.forecast_short", partial(_above_forecast, SHORT), below(0), unit="bits per byte", signed=True)
confirm(FORECAST)  # scale.forecast
