"""What the chapter shows on objectives of which each learns at the rate that is best for it, on privacy and *test*."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.estimates import UNKNOWN, capability_cost, scored, times
from lmstudy.study.preference_ladder import GRADED, REFERENCE, Reached, reached
from lmstudy.study.preference_ladder import SEEDS as LADDER_SEEDS
from lmstudy.study.shelf import Shelf

TASK = "privacy"
NAMES = ("MLE", "conditional", "filtering", "selective", "rewriting", "unlikelihood", "RWR", "AWR")
"""The objectives; MLE is the first."""
SEEDS = (111, 112, 113, 114, 115)
"""None was seen when rates were chosen, with seed 1."""
POOLED = (*LADDER_SEEDS, *SEEDS)
"""With those of the same arms in the chapter on the ladder."""
MORE_BITS = "% more bits per byte than MLE"

Found = Mapping[str, Reached]
"""By objective."""


def trained(shelf: Shelf, smoke: bool = False) -> Found:
    """All objectives; with `smoke` as `lmstudy.study.preference_ladder.arm` says. Errors as of `Shelf.trained`."""
    return {name: reached(shelf, TASK, name, SEEDS, smoke=smoke) for name in NAMES}


def fewer(found: Found, key: str, reference: str = REFERENCE) -> dict[str, Estimate]:
    """How many times fewer items each other objective writes than a reference; `UNKNOWN` where one writes nothing."""
    other = found[reference].judged
    return {
        name: times(other, own.judged, key) if scored(other, key) and scored(own.judged, key) else UNKNOWN
        for name, own in found.items()
        if name != reference
    }


def costs(found: Found, reference: str = REFERENCE) -> dict[str, Estimate]:
    """Per cent of bits per byte that each other objective needs more than a reference, every decision charged."""
    other = found[reference].charged
    return {name: capability_cost(own.charged, other, "test") for name, own in found.items() if name != reference}


def table(found: Found) -> pd.DataFrame:
    """A row an objective: how many times fewer items than MLE, in each of `GRADED`, and its price."""
    columns = {title: fewer(found, key) for title, key in GRADED.items()} | {MORE_BITS: costs(found)}
    return pd.DataFrame(columns, dtype=object)
