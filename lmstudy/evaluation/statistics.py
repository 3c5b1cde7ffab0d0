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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lmstudy.errors import StudyError


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
    return _around(float(x.mean()), float(half), x.size, confidence, x.size - 1)


def ratio_of_sums_bootstrap(
    counts: np.ndarray, *, confidence: float = 0.95, draws: int = 4000, seed: int = 0
) -> Estimate:
    """sum(bits) / sum(bytes) over seeds and document groups, for example bits per byte.

    Args:
        counts: [seeds, groups, 2], numerator and denominator; the same groups for every seed.

    With one seed the interval covers the choice of documents only, which `n` = 1 tells; with one seed and one
    group it is NaN.

    Raises:
        StudyError: another shape, a value that is not finite, a denominator below 0 or adding up to 0.
    """
    a = _checked(counts, "counts")
    return hierarchical_bootstrap([(1.0, a, "seeds", "groups")], len(a), confidence, draws, seed)


def paired_difference(
    a: np.ndarray,
    b: np.ndarray,
    *,
    same_groups: bool = True,
    confidence: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
) -> Estimate:
    """Ratio of a minus ratio of b, each as in `ratio_of_sums_bootstrap`, resampled together.

    Row i of a and row i of b are the same seed and are drawn together. A single row beside several is a
    deterministic baseline, and stands for every seed. With `same_groups` both share each draw of groups,
    which cancels what makes a document hard for both; without, groups are drawn for each alone.

    Raises:
        StudyError: as `ratio_of_sums_bootstrap`; numbers of seeds or of shared groups that do not match.
    """
    first, second = _checked(a, "a"), _checked(b, "b")
    if len(first) != len(second) and 1 not in (len(first), len(second)):
        raise StudyError(
            f"a paired difference of {len(first)} seeds and {len(second)}: "
            "give the same seeds, or a single row for a deterministic baseline"
        )
    if same_groups and first.shape[1] != second.shape[1]:
        raise StudyError(
            f"a paired difference over {first.shape[1]} document groups and {second.shape[1]}: "
            "they must be the same groups in the same order"
        )
    seeds = max(len(first), len(second))
    terms = [
        (1.0, first, "seeds", "groups"),
        (-1.0, second, "seeds", "groups" if same_groups else "other groups"),
    ]
    return hierarchical_bootstrap(terms, seeds, confidence, draws, seed)


def paired_ratio_of_means(
    a: np.ndarray,
    b: np.ndarray,
    *,
    same_groups: bool = False,
    confidence: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
) -> Estimate:
    """Ratio of a divided by ratio of b, each as in `ratio_of_sums_bootstrap`, resampled together as a difference is.

    The interval is that of the difference of their logarithms, log(top / bottom), taken back. Half an event is added
    to each numerator (of every seed and draw), so that a table without a single event has a logarithm: where events
    are few the ratio is drawn towards 1, and never infinite.

    Raises:
        StudyError: as `paired_difference`; a numerator below 0, of which there is no logarithm.
    """
    first, second = _checked(a, "a"), _checked(b, "b")
    if (first[..., 0].sum((0, 1)) < 0) or (second[..., 0].sum((0, 1)) < 0):
        raise StudyError("a ratio of means needs sums that are not negative: take a difference")
    if len(first) != len(second):
        raise StudyError(f"a paired ratio of {len(first)} seeds and {len(second)}: give the same seeds")
    terms = [(1.0, first, "seeds", "groups"), (-1.0, second, "seeds", "groups" if same_groups else "other groups")]
    found = hierarchical_bootstrap(terms, len(first), confidence, draws, seed, _log_of_ratio)
    value, low, high = (math.exp(x) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, confidence, found.df)


HALF = 0.5
"""Of an event."""


def _log_of_ratio(tops: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    return np.asarray(np.log((tops + HALF) / bottoms))


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
"""Sign, [seeds, groups, columns], and which draw picks its seeds and groups."""


def _ratio(tops: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    return np.asarray(tops / bottoms)


def hierarchical_bootstrap(
    terms: list[Term],
    seeds: int,
    confidence: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
    of: Statistic = _ratio,
) -> Estimate:
    """The signed sum of a statistic of each term, and its interval when seeds and groups are drawn anew.

    The interval is Student's, by the spread over draws of both, with Satterthwaite's degrees of freedom.
    """
    rng = np.random.default_rng(seed)
    sizes = {"seeds": seeds} | {group_axis: table.shape[1] for _, table, _, group_axis in terms}
    resampled = {axis: _weights(rng, size, draws) for axis, size in sizes.items()}
    everything = {axis: np.ones((1, size)) for axis, size in sizes.items()}
    value = float(_combine(terms, everything, of)[0])
    free = {axis: size - 1 for axis, size in sizes.items() if size > 1}
    if not free:
        return Estimate(value, math.nan, math.nan, seeds, confidence)
    both = _combine(terms, resampled, of).std()
    alone = {axis: _combine(terms, everything | {axis: resampled[axis]}, of).var() for axis in free}
    if sum(alone.values()) == 0:
        return _around(value, 0.0, seeds, confidence, math.inf)
    df = sum(alone.values()) ** 2 / sum(v**2 / free[axis] for axis, v in alone.items())
    return _around(value, float(_t(confidence, df) * both), seeds, confidence, float(df))


def _weights(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """How often each unit is drawn: [draws, size]. Rows add up to size - 1; a lone unit is always taken."""
    return rng.multinomial(max(1, size - 1), np.full(size, 1 / size), size=draws).astype(float)


def _combine(terms: list[Term], weights: dict[str, np.ndarray], of: Statistic = _ratio) -> np.ndarray:
    """The signed sum of the terms' statistics under each draw of weights: [draws]."""
    total: np.ndarray = np.zeros(1)
    for sign, table, seed_axis, group_axis in terms:
        over_seeds = weights[seed_axis] if len(table) > 1 else np.ones((1, 1))
        picked = np.einsum("rs,sgc->rgc", over_seeds, table)
        sums = (picked * weights[group_axis][:, :, None]).sum(axis=1)
        total = total + sign * of(*sums.T)
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


def _around(value: float, half: float, n: int, confidence: float, df: float) -> Estimate:
    return Estimate(value, value - half, value + half, n, confidence, df)


def _t(confidence: float, df: float) -> float:
    from scipy.special import stdtrit  # scipy.stats has it too, and takes a second to import

    if not 0 < confidence < 1:
        raise StudyError(f"confidence={confidence}: it must lie between 0 and 1")
    return float(stdtrit(df, (1 + confidence) / 2))
