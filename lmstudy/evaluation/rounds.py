"""What a benchmark measured in several rounds: a mean and its interval, on the scale of logarithms.

Rounds are few, and now and then one is slow. Percentiles of a bootstrap of their median are too narrow for so few:
with four rounds they reach from the lowest to the highest at most. Student's interval of the logarithms is as wide as
it should be, and a slow round makes it wider (`lmstudy.evaluation.coverage`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval


def over_rounds(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Estimate:
    """Geometric mean over rounds with Student's interval of the logarithms; `n` counts rounds, one has no interval.

    Raises:
        StudyError: no value, or one that is not above 0 and finite.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all() or (x <= 0).any():
        raise StudyError(f"an interval over rounds needs a list of finite values above 0, not {values}")
    found = seed_interval(np.log(x), confidence)
    value, low, high = (math.exp(each) for each in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, confidence, found.df)


def paired_ratio(ours: Sequence[float] | np.ndarray, theirs: Sequence[float] | np.ndarray) -> Estimate:
    """Mean over rounds of ours / theirs of the same round, [rounds] each, with its interval.

    What slows the machine for a whole round cancels.
    """
    first, second = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if first.shape != second.shape:
        raise StudyError(f"a paired ratio needs as many rounds on both sides, not {first.size} and {second.size}")
    return over_rounds(first / second)
