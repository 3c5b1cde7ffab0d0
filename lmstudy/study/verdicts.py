"""What an interval says of a hypothesis: that it holds, that it fails, or that neither is shown.

A hypothesis names a region in which the truth is said to lie. It holds where the whole interval lies in the region,
fails where the whole interval lies outside, and is undecided otherwise. So "no difference" needs a margin, and nothing
is decided by a point, nor by one training, whose interval does not cover what another seed would have given, nor by
two, whose intervals are too short (`lmstudy.evaluation.coverage`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate


FEWEST = 3
"""Trainings that decide something."""


class Verdict(StrEnum):
    """Of a hypothesis."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Region:
    """Where a hypothesis says that the truth lies: between two borders, of which at least one is finite."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def words(self) -> str:
        """As in "the interval lies above 1"."""
        if self.high == math.inf:
            return f"the interval lies above {self.low:g}"
        if self.low == -math.inf:
            return f"the interval lies below {self.high:g}"
        return f"the interval lies between {self.low:g} and {self.high:g}"

    def verdict(self, e: Estimate) -> Verdict:
        """By the whole interval; by fewer than `FEWEST` trainings, or without an interval, nothing is decided."""
        if e.n < FEWEST or math.isnan(e.low) or math.isnan(e.high):
            return Verdict.UNDECIDED
        if self.low < e.low and e.high < self.high:
            return Verdict.HOLDS
        return Verdict.FAILS if e.high <= self.low or self.high <= e.low else Verdict.UNDECIDED


def above(x: float) -> Region:
    """The truth lies above x."""
    return Region(low=x)


def below(x: float) -> Region:
    """The truth lies below x."""
    return Region(high=x)


def within(low: float, high: float) -> Region:
    """The truth lies between two margins, as "no difference" has it."""
    return Region(low, high)


HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
