"""Estimates with intervals: over seeds, over seeds x document groups, and paired differences.

The interval of a ratio comes from a bootstrap over both of its sources of chance, seeds and document groups,
resampled independently and crossed (Owen 2007, "The pigeonhole bootstrap"). A study has few seeds, and there
percentiles of a bootstrap are far too narrow (with 3 seeds a 95 % interval covers about 75 %). So:

    value +- t(df) se,    se = standard deviation of the bootstrap values
    df = (v_s + v_g)^2 / (v_s^2 / (S - 1) + v_g^2 / (G - 1))            (Satterthwaite 1946)

where every draw takes S - 1 of S seeds and G - 1 of G groups with replacement, which makes the variance of a
mean unbiased (Rao and Wu 1988), and v_s, v_g are the variances with only seeds or only groups resampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from lmstudy.errors import StudyError

DRAWS = 4000
"""Of a bootstrap."""


@dataclass(frozen=True)
class Estimate:
    """A value, the interval that covers the truth with probability `confidence`, and the n behind it.

    n counts independent trainings (seeds). An interval that cannot be computed is NaN at both ends, so that
    no comparison with it is true.
    """

    value: float
    low: float
    high: float
    n: int
    confidence: float = 0.95
    df: float = field(default=math.nan, compare=False, repr=False)
    """Degrees of freedom of a Student interval (inf for a normal one); NaN for one made otherwise."""

    def __neg__(self) -> Estimate:
        """The same difference seen from the other side."""
        return Estimate(-self.value, -self.high, -self.low, self.n, self.confidence, self.df)

    def minus(self, amount: float) -> Estimate:
        """The estimate on a scale that is moved by a constant."""
        moved = (self.value - amount, self.low - amount, self.high - amount)
        return Estimate(*moved, self.n, self.confidence, self.df)

    def times(self, factor: float) -> Estimate:
        """The estimate in another unit, `factor` (above 0) of which make one of this."""
        scaled = (self.value * factor, self.low * factor, self.high * factor)
        return Estimate(*scaled, self.n, self.confidence, self.df)

    def clipped(self, least: float, most: float = math.inf) -> Estimate:
        """The estimate of what cannot lie outside two bounds, such as a rate: its interval ends there at the latest."""
        return replace(self, low=max(self.low, least), high=min(self.high, most))  # NaN stays NaN

    def __format__(self, spec: str) -> str:
        """`f"{e:.3f}"` is "0.213 (95 % CI 0.190 to 0.230, n = 3)"; the spec is that of a float."""
        return f"{self.value:{spec}} ({self.confidence * 100:g} % CI {self.interval(spec)}, n = {self.n})"

    def interval(self, spec: str) -> str:
        """The interval alone, "0.190 to 0.230", or "unknown" where it could not be computed."""
        if math.isnan(self.low) or math.isnan(self.high):
            return "unknown"
        return f"{self.low:{spec}} to {self.high:{spec}}"


def seed_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean over seeds and Student's t interval, mean +- t(n - 1) s / sqrt(n).

    One seed says nothing of the spread between seeds: its interval is NaN.

    Raises:
        StudyError: no value, or one that is not finite.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise StudyError(f"an interval over seeds needs a list of finite values, not {values}")
    if x.size == 1:
        return Estimate(float(x[0]), math.nan, math.nan, 1, confidence)
    half = _t(confidence, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size)
    return _around(float(x.mean()), float(half), x.size, x.size - 1, confidence)


def wilson(successes: float, count: int) -> Estimate:
    """A share, successes / count, with Wilson's (1927) 95 % interval, which is of use for a share of 0 or 1, too.

    Args:
        successes: how many of `count` independent cases have what is counted; a whole number.
        count: cases, at least 1; the estimate's n.
    """
    from scipy.stats import binomtest  # takes a second to import

    interval = binomtest(round(successes), count).proportion_ci(method="wilson")
    return Estimate(successes / count, float(interval.low), float(interval.high), count)


def ratio_of_sums_bootstrap(counts: np.ndarray, *, draws: int = DRAWS) -> Estimate:
    """sum(bits) / sum(bytes) over seeds and document groups, for example bits per byte.

    Args:
        counts: [seeds, groups, 2], numerator and denominator; the same groups for every seed.

    With one seed the interval covers the choice of documents only, which `n` = 1 tells; with one seed and one
    group it is NaN.

    Raises:
        StudyError: another shape, a value that is not finite, a denominator below 0 or adding up to 0.
    """
    a = _checked(counts, "counts")
    return hierarchical_bootstrap([(1.0, a, "seeds", "groups")], len(a), draws)


def paired_difference(a: np.ndarray, b: np.ndarray, *, same_groups: bool = True) -> Estimate:
    """Ratio of a minus ratio of b, each as in `ratio_of_sums_bootstrap`, resampled together.

    Row i of a and row i of b are the same seed and are drawn together. A single row beside several is a
    deterministic baseline, and stands for every seed. With `same_groups` both share each draw of groups,
    which cancels what makes a document hard for both; without, groups are drawn for each alone.

    Raises:
        StudyError: as `ratio_of_sums_bootstrap`; numbers of seeds or of shared groups that do not match.
    """
    first, second = _checked(a, "a"), _checked(b, "b")
    check_same_seeds(first, second)
    if same_groups and first.shape[1] != second.shape[1]:
        raise StudyError(
            f"a paired difference over {first.shape[1]} document groups and {second.shape[1]}: "
            "they must be the same groups in the same order"
        )
    return hierarchical_bootstrap(difference(first, second, same_groups), max(len(first), len(second)))


def paired_ratio_of_means(a: np.ndarray, b: np.ndarray, *, same_groups: bool = False) -> Estimate:
    """Ratio of a divided by ratio of b, each as in `ratio_of_sums_bootstrap`, resampled together as a difference is.

    The interval is that of the difference of their logarithms, log(top / bottom), taken back. Half an event is added
    to each numerator (of every seed and draw), so that a table without a single event has a logarithm: where events
    are few the ratio is drawn towards 1, and never infinite.

    Raises:
        StudyError: as `paired_difference`, other numbers of seeds in any case; a numerator that adds up to less
            than 0, of which there is no logarithm.
    """
    first, second = _checked(a, "a"), _checked(b, "b")
    if (first[..., 0].sum((0, 1)) < 0) or (second[..., 0].sum((0, 1)) < 0):
        raise StudyError("a ratio of means needs sums that are not negative: take a difference")
    if len(first) != len(second):
        raise StudyError(f"a paired ratio of {len(first)} seeds and {len(second)}: give the same seeds")
    found = hierarchical_bootstrap(difference(first, second, same_groups), len(first), of=_log_of_ratio)
    value, low, high = (math.exp(x) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, found.confidence, found.df)


def trend_of_ratios(pairs: Sequence[tuple[np.ndarray, np.ndarray]], doublings: Sequence[float]) -> Estimate:
    """By what factor a ratio, as of `paired_ratio_of_means`, changes per doubling of something: 1 is no trend.

    It is the slope of the logarithms by least squares, taken back. Seeds are drawn together, and
    groups of each table alone.

    Args:
        pairs: (a, b) at each point, with the same seeds at all of them.
        doublings: where each point lies, such as 0, 2 and 4 for 1, 4 and 16 times as much.

    Raises:
        StudyError: as `paired_ratio_of_means`; fewer than two points, or all at one place.
    """
    tables = [(_checked(a, "a"), _checked(b, "b")) for a, b in pairs]
    place = np.asarray(doublings, dtype=float)
    if len(place) != len(tables) or len(place) < 2 or np.ptp(place) == 0:
        raise StudyError(f"a trend over {len(tables)} points at {list(doublings)}: give two or more, apart")
    seeds = {len(table) for pair in tables for table in pair}
    if len(seeds) > 1:
        raise StudyError(f"a trend over points of {sorted(seeds)} seeds: give the same seeds")
    if any(table[..., 0].sum() < 0 for pair in tables for table in pair):
        raise StudyError("a ratio of means needs sums that are not negative: take a difference")
    slope = (place - place.mean()) / ((place - place.mean()) ** 2).sum()
    terms: list[Term] = []
    for number, (weight, (a, b)) in enumerate(zip(slope, tables, strict=True)):
        terms += [(weight, a, "seeds", f"groups {number} a"), (-weight, b, "seeds", f"groups {number} b")]
    found = hierarchical_bootstrap(terms, seeds.pop(), of=_log_of_ratio)
    value, low, high = (math.exp(x) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, found.confidence, found.df)


def _log_of_ratio(tops: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    return np.asarray(np.log((tops + 0.5) / bottoms))  # half an event


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's (1979) adjusted p values, in the order given: reject those at most alpha.

    The i-th smallest of m is max over j <= i of min(1, (m - j + 1) p_(j)); it bounds the chance of any false
    rejection among the m by alpha, whatever the dependence between the tests.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise StudyError(f"p values must be a list of numbers in [0, 1], not {p_values}")
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    adjusted = np.empty_like(p)
    adjusted[order] = stepped
    return adjusted


Statistic = Callable[..., np.ndarray]
"""Of the sums of each column, [draws] each, such as numerators and denominators, to a value for each draw."""
Term = tuple[float, np.ndarray, str, str]
"""Sign or weight, [seeds, groups, columns], and which draw picks its seeds and groups."""
Weights = Mapping[str, np.ndarray]
"""By axis, how often each unit is drawn: [units, draws]."""


def difference(first: np.ndarray, second: np.ndarray, same_groups: bool = True) -> list[Term]:
    """The first table's statistic minus the second's; their groups are drawn together, or each table's alone."""
    return [(1.0, first, "seeds", "groups"), (-1.0, second, "seeds", "groups" if same_groups else "other groups")]


def check_same_seeds(first: np.ndarray, second: np.ndarray) -> None:
    """Raises StudyError unless both tables have as many seeds, or one a single row that stands for every seed."""
    if len(first) != len(second) and 1 not in (len(first), len(second)):
        raise StudyError(
            f"a paired difference of {len(first)} seeds and {len(second)}: "
            "give the same seeds, or a single row for a deterministic baseline"
        )


def hierarchical_bootstrap(terms: list[Term], seeds: int, draws: int = DRAWS, of: Statistic = np.divide) -> Estimate:
    """The signed sum of a statistic of each term, and its 95 % interval when seeds and groups are drawn anew.

    The interval is Student's, by the spread over draws of both, with Satterthwaite's degrees of freedom; it is NaN
    where there is one seed and one group.

    Args:
        terms: tables with their signs; those that name the same draw share it.
        seeds: independent trainings behind the terms, the estimate's n.
        draws: of seeds and groups, the same ones every time.
        of: the statistic; by default the first column's sum divided by the second's.
    """
    sizes = {"seeds": seeds} | {group_axis: table.shape[1] for _, table, _, group_axis in terms}
    drawn = dict(zip(sizes, _weights(tuple(sizes.values()), draws), strict=True))
    whole = [table.sum(0)[..., None] for _, table, _, _ in terms]
    picked = [  # under each draw of seeds: needed twice
        np.einsum("sr,sgc->gcr", drawn[axis], table) if len(table) > 1 else one
        for (_, table, axis, _), one in zip(terms, whole, strict=True)
    ]
    value = float(_combine(terms, whole, {}, of)[0])
    free = {axis: size - 1 for axis, size in sizes.items() if size > 1}
    if not free:
        return Estimate(value, math.nan, math.nan, seeds)
    both = _combine(terms, picked, drawn, of).std()
    alone = {
        axis: _combine(terms, *((picked, {}) if axis == "seeds" else (whole, {axis: drawn[axis]})), of).var()
        for axis in free
    }
    if sum(alone.values()) == 0:
        return _around(value, 0.0, seeds, math.inf)
    df = sum(alone.values()) ** 2 / sum(v**2 / free[axis] for axis, v in alone.items())
    return _around(value, float(_t(0.95, df) * both), seeds, float(df))


@lru_cache(maxsize=8)  # tables of a study have few shapes: most estimates meet the same draws
def _weights(sizes: tuple[int, ...], draws: int) -> tuple[np.ndarray, ...]:
    """How often each unit is drawn, [size, draws] of each size, one after the other from one source of randomness.

    Columns add up to size - 1; a lone unit is always taken.
    """
    rng = np.random.default_rng(0)
    drawn = [rng.multinomial(max(1, size - 1), np.full(size, 1 / size), size=draws) for size in sizes]
    found = tuple(np.ascontiguousarray(one.T, dtype=float) for one in drawn)
    for weights in found:
        weights.flags.writeable = False
    return found


def _combine(terms: list[Term], picked: Sequence[np.ndarray], weights: Weights, of: Statistic) -> np.ndarray:
    """The signed sum of the terms' statistics: [draws].

    Args:
        picked: [groups, columns, draws or 1] of each term: sums over the seeds that were drawn.
        weights: of groups, by axis; the groups of an axis without weights count once each.
    """
    total: np.ndarray = np.zeros(1)
    for (sign, _, _, axis), tables in zip(terms, picked, strict=True):
        if axis in weights:
            sums = np.zeros((tables.shape[1], weights[axis].shape[1]))
            for table, times in zip(tables, weights[axis], strict=True):  # no array of all products: much faster
                sums += table * times
        else:
            sums = tables.sum(0)
        total = total + sign * of(*sums)
    return total


def _checked(counts: np.ndarray, name: str) -> np.ndarray:
    table = np.asarray(counts, dtype=float)
    if table.ndim != 3 or table.shape[2] != 2 or not table.size:
        raise StudyError(f"{name} has shape {list(table.shape)}: it must be [seeds, groups, 2]")
    if not np.isfinite(table).all():
        raise StudyError(f"{name} holds values that are not finite: {int((~np.isfinite(table)).sum())} of them")
    if (table[..., 1] < 0).any() or (table[..., 1].sum(axis=1) <= 0).any():
        raise StudyError(f"{name}[..., 1], the denominators, must be at least 0 and add up to more for every seed")
    return table


def _around(value: float, half: float, n: int, df: float, confidence: float = 0.95) -> Estimate:
    return Estimate(value, value - half, value + half, n, confidence, df)


def _t(confidence: float, df: float) -> float:
    from scipy.special import stdtrit  # scipy.stats has it too, and takes a second to import

    if not 0 < confidence < 1:
        raise StudyError(f"confidence={confidence}: it must lie between 0 and 1")
    return float(stdtrit(df, (1 + confidence) / 2))
