"""Many comparisons at once: a correction for families of differences, and whether two graders order methods alike.

Twenty methods that are all alike make about one 95 % interval that excludes 0. Holm's correction (1979) bounds the
chance of any such mistake in a family.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import DRAWS, Estimate, holm

ASYMMETRY = 1e-6
"""Relative difference of an interval's halves up to which it counts as symmetric."""


@dataclass(frozen=True)
class Corrected:
    """A member of a family of estimates, with two-sided p values of its being 0."""

    estimate: Estimate
    p: float
    """By itself."""
    holm: float
    """Adjusted: at most alpha for any true null of the family with probability alpha or less."""

    def differs(self) -> bool:
        """Whether it is called a difference, with the chance of any mistake in the family bounded by 5 %."""
        return self.holm <= 0.05


def p_value(estimate: Estimate) -> float:
    """Two-sided p value of Student's t test, that the truth is 0, which an interval is the inversion of.

    The interval's half width is t(df) standard errors; p = 2 P(T > |value| / standard error). Where there is no
    interval nothing is known, and p is 1.

    Raises:
        StudyError: the interval is not symmetric around its value, or its degrees of freedom are unknown.
    """
    from scipy.special import stdtr, stdtrit

    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return 1.0
    below, above = estimate.value - estimate.low, estimate.high - estimate.value
    if not math.isclose(below, above, rel_tol=ASYMMETRY, abs_tol=1e-12 * abs(estimate.value)):
        raise StudyError(
            f"no p value from the interval {estimate.interval('g')} around {estimate.value:g}: it is not symmetric; "
            "give a difference, or the logarithm of a ratio"
        )
    if math.isnan(estimate.df):
        raise StudyError(
            f"no p value from the interval {estimate.interval('g')}: its degrees of freedom are unknown; give an "
            "estimate of seed_interval, ratio_of_sums_bootstrap or paired_difference"
        )
    if above == 0:
        return float(estimate.value == 0)
    error = above / stdtrit(estimate.df, (1 + estimate.confidence) / 2)
    return float(2 * stdtr(estimate.df, -abs(estimate.value) / error))


def corrected(estimates: Mapping[str, Estimate]) -> dict[str, Corrected]:
    """P values of a family of estimates, by itself and adjusted, under the same names.

    The family is all that was compared, not only what looks different; estimates without an interval belong to
    it, and never differ.

    Raises:
        StudyError: as `p_value`, and names the estimate.
    """
    found = {}
    for name, estimate in estimates.items():
        try:
            found[name] = p_value(estimate)
        except StudyError as error:
            raise StudyError(f"{name}: {error}") from None
    adjusted = zip(found.items(), holm(list(found.values())).tolist(), strict=True)
    return {name: Corrected(estimates[name], p, together) for (name, p), together in adjusted}


def best_of(estimate: Estimate, tried: int, ratio: bool = False) -> Estimate:
    """The estimate of what came out best of several that were tried, with an interval that allows for the choice.

    Its level is that of Bonferroni: all intervals that could have been shown hold together with the estimate's own
    confidence.

    Args:
        estimate: with a Student interval.
        tried: how many there were to choose from.
        ratio: whether the interval is symmetrical on the scale of logarithms.

    Raises:
        StudyError: the interval's degrees of freedom are unknown.
    """
    from scipy.special import stdtrit

    if tried < 1 or math.isnan(estimate.df):
        raise StudyError(
            f"best of {tried} with {estimate.df:g} degrees of freedom: give a Student interval, and 1 or more"
        )
    if ratio and estimate.low <= 0:
        raise StudyError(f"best of {tried}: {estimate.low:g} is no end of a ratio's interval")
    levels = [1 - (1 - estimate.confidence) / n for n in (1, tried)]
    own, wider = (float(stdtrit(estimate.df, (1 + level) / 2)) for level in levels)
    to, back = (math.log, math.exp) if ratio else (float, float)
    value, low, high = (to(x) for x in (estimate.value, estimate.low, estimate.high))
    ends = [back(value + (end - value) * wider / own) for end in (low, high)]
    return Estimate(estimate.value, ends[0], ends[1], estimate.n, estimate.confidence, estimate.df)


def order_agreement(first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]]) -> Estimate:
    """Kendall's tau-b between the orders in which two graders put methods by their means over seeds.

    Each grader gives a value per method and seed; both graded the same texts, so a method's seeds are drawn
    together. S - 1 of S seeds are drawn, as in `lmstudy.evaluation.statistics`, and a mean's deviation is
    stretched by t(S - 1) / z, without which a bootstrap of few seeds is too narrow. The interval is that of
    percentiles; noise pulls tau towards 0, so it rather reaches too low. `n` is the least number of seeds.

    Raises:
        StudyError: other methods or numbers of seeds in the two, fewer than two methods, a value that is not finite.
    """
    if set(first) != set(second) or len(first) < 2:
        raise StudyError(
            f"order_agreement of {', '.join(first) or 'nothing'} and {', '.join(second) or 'nothing'}: "
            "give the same methods for both graders, two at least"
        )
    tables = [_table(name, first[name], second[name]) for name in first]
    n = min(table.shape[1] for table in tables)
    value = float(tau(*np.stack([table.mean(1) for table in tables], axis=1)[:, None])[0])
    if n < 2 or math.isnan(value):
        return Estimate(value, math.nan, math.nan, n)
    rng = np.random.default_rng(0)
    drawn = np.stack([_means(table, rng) for table in tables], axis=-1)
    low, high = np.nanquantile(tau(*drawn), [(1 - 0.95) / 2, (1 + 0.95) / 2])
    return Estimate(value, min(float(low), value), max(float(high), value), n)


def _table(name: str, first: Sequence[float], second: Sequence[float]) -> NDArray[np.float64]:
    """Both graders' values of a method: [2, seeds]."""
    if len(first) != len(second) or not len(first):
        raise StudyError(
            f"order_agreement: {name} has {len(first)} seeds and {len(second)}; "
            "give a value of each grader for the same seeds, one at least"
        )
    table = np.array([first, second], dtype=float)
    if not np.isfinite(table).all():
        raise StudyError(f"order_agreement: {name} has values that are not finite")
    return table


def _means(table: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Means of both graders under each draw of seeds, stretched: [2, draws]."""
    from scipy.special import ndtri, stdtrit

    seeds = table.shape[1]
    stretch = stdtrit(seeds - 1, 0.975) / ndtri(0.975)
    weights = rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), size=DRAWS) / (seeds - 1)
    centre = table.mean(1, keepdims=True)
    return np.asarray(centre + stretch * (table @ weights.T - centre))


def tau(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kendall's tau-b along the last axis, [..., methods] to [...]; NaN where one order has only ties."""
    pairs = np.triu_indices(a.shape[-1], 1)
    ups = [np.sign(x[..., pairs[0]] - x[..., pairs[1]]) for x in (a, b)]
    untied = [np.abs(up).sum(-1) for up in ups]
    with np.errstate(invalid="ignore"):
        return np.asarray((ups[0] * ups[1]).sum(-1) / np.sqrt(untied[0] * untied[1]))
