"""Numbers as the book writes them: digits by what is known, a true minus, thousands separators, never an exponent."""

from __future__ import annotations

import math
from typing import Any, Literal, Protocol, TypeGuard

import numpy as np

from lmstudy.show.phrases import phrase
from lmstudy.study.verdicts import FEWEST

MINUS = "\u2212"
FINEST = 6
"""Decimals at most; what is smaller than they can show is written as "< 0.000001"."""
SKEWED = 3.0
"""An interval of numbers above 0 that begins below this share (1 / SKEWED) of its value has ends too far apart in scale
for decimals in common, as those of ratios over few seeds are: each number then has significant digits of its own."""
UNKNOWN = phrase("unknown")


class Interval(Protocol):
    """A value and the ends of its interval, NaN where there is none: as of `lmstudy.evaluation.statistics.Estimate`."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def is_interval(x: Any) -> TypeGuard[Interval]:
    """Whether it has a value, low and high."""
    return all(hasattr(x, name) for name in ("value", "low", "high"))


def number(x: float, significant: int = 3, *, decimals: int | None = None, signed: bool = False) -> str:
    """A plain number: a whole one (an int) as it is, any other with significant digits, or with so many decimals.

    Args:
        x: an int, a float or NumPy's.
        significant: digits, those before the point never rounded: 0.0123, 1.23, 123, 12,345.
        decimals: in their place.
        signed: a plus before what is above zero.
    """
    if math.isnan(x):
        return UNKNOWN
    if math.isinf(x):
        return ("+" if signed and x > 0 else MINUS if x < 0 else "") + "∞"
    if decimals is None:
        if x != 0 and abs(x) < 10**-FINEST:
            return f"< {10**-FINEST:.{FINEST}f}" if x > 0 else f"> {MINUS}{10**-FINEST:.{FINEST}f}"
        decimals = 0 if isinstance(x, int | np.integer) else _decimals(x, significant)
    written = f"{abs(x):,.{decimals}f}"
    if not written.strip("0.,"):
        return written  # neither a negative zero nor a positive one
    return (MINUS if x < 0 else "+" if signed else "") + written


def percent(share: float, *, decimals: int | None = None) -> str:
    """A share as "12 %": two significant digits where it is small, whole per cents from 10 on."""
    return number(100 * share, 2, decimals=decimals) + " %"


def decimals(e: Interval) -> int:
    """Decimals that show two significant digits of half the interval; without one, three of the value."""
    half = (e.high - e.low) / 2
    if math.isfinite(half) and half > 0:
        return _decimals(half, 2)
    return 0 if float(e.value).is_integer() else _decimals(e.value, 3)


def _decimals(x: float, significant: int) -> int:
    if not math.isfinite(x) or x == 0:
        return 0
    rounded = float(f"{x:.{significant - 1}e}")  # 0.0996 has its first digit where 0.10 has it
    return min(FINEST, max(0, significant - 1 - math.floor(math.log10(abs(rounded)))))


def value(e: Interval, signed: bool = False, *, decimals: int | None = None) -> str:
    """The value alone, with the digits that its interval allows."""
    return _parts(e, signed, decimals)[0]


def interval(e: Interval, signed: bool = False, *, decimals: int | None = None) -> str:
    """The interval alone, "1.70 to 1.76", or "unknown", or "no spread" where all draws give one number."""
    if math.isnan(e.low) or math.isnan(e.high):
        return UNKNOWN
    if e.low == e.high:  # such as a count of nothing anywhere: how far from it the truth may lie, it cannot say
        return phrase("no spread")
    _, low, high = _parts(e, signed, decimals)
    return f"{low} to {high}"


def written(e: Interval, signed: bool = False, *, decimals: int | None = None) -> str:
    """A value with its interval, "1.73 (1.70 to 1.76)"; "1.73 (interval unknown)" where it could not be computed.

    Args:
        e: an estimate, in the unit that is shown (`Estimate.times(100)` for per cent).
        signed: a difference: a plus before what is above zero.
        decimals: in the place of those that the width of the interval suggests.
    """
    if math.isnan(e.value):
        return UNKNOWN
    found = interval(e, signed, decimals=decimals)
    return f"{value(e, signed, decimals=decimals)} ({'interval ' if found == UNKNOWN else ''}{found})"


def share(e: Interval, decimals: int = 0) -> str:
    """A share with its interval, in per cent with so many decimals: "88 % (84 to 92)"."""
    value, low, high = (number(100 * float(x), decimals=decimals) for x in (e.value, e.low, e.high))
    return f"{value} % ({low} to {high})"


def _parts(e: Interval, signed: bool, given: int | None) -> tuple[str, str, str]:
    shared = decimals(e) if given is None and not is_skewed(e) else given
    value, low, high = (number(float(x), 2, decimals=shared, signed=signed) for x in (e.value, e.low, e.high))
    return value, low, high


def is_skewed(e: Interval) -> bool:
    """Whether the ends of an interval are of different scales, see `SKEWED`."""
    return 0 < e.low < e.value / SKEWED and e.high - e.value > SKEWED * (e.value - e.low)


def says(e: Interval, lower: Literal["better", "worse"] = "better", *, null: float = 0.0) -> str:
    """What a difference allows to say: "better", "worse", "undecided" or "unknown".

    Args:
        e: a difference, or a ratio with `null` = 1.
        lower: what values below `null` mean.
        null: the value of no difference.
    """
    if not (math.isfinite(e.value) and math.isfinite(e.low) and math.isfinite(e.high)):
        return UNKNOWN
    if getattr(e, "n", FEWEST) >= FEWEST and (e.high < null or e.low > null):
        return "better" if (e.high < null) == (lower == "better") else "worse"
    return "undecided"


def unbroken(told: str) -> str:
    """A number that stays in one line with its per cent sign."""
    return told.replace(" %", "\N{NO-BREAK SPACE}%")
