"""Claims of the chapter on scale."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.scale.ladder import LENGTHS, RUNGS, arm, law, trained
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import claim, confirm
from lmstudy.study.estimates import common_seeds, more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import above, within

of_scale = partial(claim, chapter="notebooks/24_scale")
SHORT, LONG = LENGTHS[0], LENGTHS[-2]
"""Steps of trainings of which there are three seeds."""


def _saved(first: tuple[str, ...], second: tuple[str, ...], shelf: Shelf) -> Estimate:
    one, other = common_seeds(shelf.trained(*first), shelf.trained(*second))
    return more_bits(one, other)


def _growth(shelf: Shelf) -> Estimate:
    return law(trained(shelf)).estimate("growth")


# fmt: off
of_scale("On equally much text, the highest rung needs fewer bits per byte than the lowest.",
         "scale.size", partial(_saved, arm(RUNGS[0], LONG), arm(RUNGS[-1], LONG)), above(0), unit="bits per byte")
of_scale("Eight times the text lowers the bits per byte of the highest rung.",
         "scale.text", partial(_saved, arm(RUNGS[-1], SHORT), arm(RUNGS[-1], LONG)), above(0), unit="bits per byte")
of_scale("The best number of parameters grows with the arithmetic to a power between .4 and .6.",
         "scale.growth", _growth, within(0.4, 0.6), unit="power of the arithmetic")
confirm("efd4338c859e")  # scale.forecast
