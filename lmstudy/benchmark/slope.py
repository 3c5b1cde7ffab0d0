"""How a cost grows with size: the slope of the logarithms."""

import math
from collections.abc import Sequence

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate


def log_log_slope(sizes: Sequence[float], costs: Sequence[float], confidence: float = 0.95) -> Estimate:
    """b of cost = a size^b by least squares on the logarithms, with Student's t interval; `n` counts the points.

    1 is linear growth. Two points have a slope and no interval.

    Raises:
        StudyError: fewer than two different sizes, or a value that is not positive.
    """
    from scipy.stats import linregress, t  # takes a second to import

    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if x.shape != y.shape or len(np.unique(x)) < 2 or not (x > 0).all() or not (y > 0).all():
        raise StudyError(f"a slope needs positive costs at two sizes or more, not {costs} at {sizes}")
    fit = linregress(np.log(x), np.log(y))
    if len(x) < 3:
        return Estimate(float(fit.slope), math.nan, math.nan, len(x), confidence)
    half = float(t.ppf((1 + confidence) / 2, len(x) - 2) * fit.stderr)
    return Estimate(float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, len(x), confidence)
