"""A search over learning rates: each arm of a comparison gets the best on *valid*, with worse around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pandas as pd

from lmstudy.errors import StudyError
from lmstudy.study.shelf import Shelf

Rate = TypeVar("Rate", str, float)
BITS = "valid/bits_per_byte"
Tried = Mapping[str, Mapping[str, Sequence[str]]]
"""What a comparison calls an arm -> each rate that was tried, as typed -> overrides of `lmstudy-train`."""


def tried_up_to(rates: Sequence[Rate], best: Rate) -> Sequence[Rate]:
    """The rates that were tried for an arm, where the last was tried only if the one before it was the best so far.

    Args:
        rates: all, the lowest first.
        best: of those tried.
    """
    return rates if best in rates[-2:] else rates[:-1]


def rate_table(shelf: Shelf, tried: Tried, best: Mapping[str, str]) -> pd.DataFrame:
    """Bits per byte on *valid* of the runs of seed 1, by rate and arm.

    Args:
        shelf: holds the runs; none is made.
        tried: the search.
        best: the rate at which each arm is compared.

    Raises:
        NoRecordsError: a run is missing.
        StudyError: an arm is not compared at its best rate, or none was tried below or above that.
    """
    there = shelf.as_is()
    found = {
        arm: {float(rate): there.trained(*overrides, seeds=[1])[0].metrics[BITS] for rate, overrides in rates.items()}
        for arm, rates in tried.items()
    }
    for arm, bits in found.items():
        least = min(bits, key=bits.__getitem__)
        if least != float(best[arm]):
            raise StudyError(f"{arm}: it is compared at the rate {best[arm]}, and {least:g} is better")
        if least in (min(bits), max(bits)):
            raise StudyError(f"{arm}: {least:g} is best, and the last rate that was tried: try one beyond it")
    table = pd.DataFrame(found).sort_index().rename_axis("learning rate")
    return table.rename(index=lambda rate: f"{rate:g}")
