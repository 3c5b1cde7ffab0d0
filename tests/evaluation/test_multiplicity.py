"""Corrections for many comparisons and the agreement of orders: closed forms, scipy's values, and error rates."""

import math

import numpy as np
import pytest
from scipy import stats

from lmstudy.errors import StudyError
from lmstudy.evaluation.multiplicity import corrected, order_agreement, p_value, tau
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap, seed_interval

VALUES = [0.3, 0.5, 0.1, 0.4]


def test_p_value_of_a_seed_interval_is_that_of_the_t_test():
    wanted = stats.ttest_1samp(VALUES, 0).pvalue
    for estimate in (seed_interval(VALUES), seed_interval(VALUES, confidence=0.8), -seed_interval(VALUES)):
        assert p_value(estimate) == pytest.approx(wanted)


def test_p_values_and_intervals_say_the_same():
    """An interval that ends at 0 has p = 1 - confidence, whatever the degrees of freedom."""
    rng = np.random.default_rng(0)
    a, b = (np.stack([rng.uniform(1, 2, (3, 40)), np.full((3, 40), 1.0)], axis=-1) for _ in range(2))
    for estimate in (paired_difference(a, b), ratio_of_sums_bootstrap(a)):
        assert 2 <= estimate.df < 50
        for end in (estimate.low, estimate.high):
            assert p_value(estimate.minus(end)) == pytest.approx(0.05)
        assert p_value(estimate.minus(estimate.value)) == pytest.approx(1)


def test_limits_of_p():
    assert p_value(seed_interval([1.0])) == 1  # one seed says nothing
    assert p_value(Estimate(2.0, 2.0, 2.0, 3, df=math.inf)) == 0
    assert p_value(Estimate(0.0, 0.0, 0.0, 3, df=math.inf)) == 1
    assert p_value(Estimate(1.96, 0.0, 3.92, 3, df=math.inf)) == pytest.approx(0.05, abs=1e-4)


def test_corrections_of_a_family_by_hand():
    """Standard normal distances with p = .01, .02, .03, .5; Holm times 4, 3, 2, 1."""
    half = stats.norm.isf(0.025)
    family = {
        name: Estimate(value := stats.norm.isf(p / 2), value - half, value + half, 3, df=math.inf)
        for name, p in {"c": 0.03, "a": 0.01, "d": 0.5, "b": 0.02}.items()
    }
    found = corrected(family)
    assert list(found) == ["c", "a", "d", "b"]
    assert [found[name].p for name in "abcd"] == pytest.approx([0.01, 0.02, 0.03, 0.5])
    assert [found[name].holm for name in "abcd"] == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert [found[name].differs() for name in "abcd"] == [True, False, False, False]
    assert found["a"].estimate is family["a"]
    assert corrected({}) == {}


def test_an_unknown_member_counts_in_the_family_and_never_differs():
    known = seed_interval(VALUES)
    alone, beside = corrected({"a": known})["a"], corrected({"a": known, "b": seed_interval([1.0])})
    assert beside["a"].holm == pytest.approx(2 * alone.holm)
    assert (beside["b"].p, beside["b"].differs()) == (1.0, False)


def test_what_has_no_p_value_is_named():
    with pytest.raises(StudyError, match=r"ratio: no p value .* not symmetric; give a difference, or the logarithm"):
        corrected({"ratio": Estimate(2.0, 1.5, 3.0, 3, df=2)})
    with pytest.raises(StudyError, match=r"degrees of freedom are unknown"):
        p_value(Estimate(2.0, 1.0, 3.0, 3))


def test_tau_equals_scipy():
    rng = np.random.default_rng(1)
    for ties in (False, True):
        a, b = (rng.integers(4, size=(20, 6)) if ties else rng.normal(size=(20, 6)) for _ in range(2))
        wanted = [stats.kendalltau(x, y).statistic for x, y in zip(a, b, strict=True)]
        assert tau(a, b) == pytest.approx(np.array(wanted), nan_ok=True)


def test_order_agreement_of_clear_and_of_reversed_orders():
    first = {name: [10.0 * i, 10.0 * i + 1, 10.0 * i + 2] for i, name in enumerate("abcd")}
    same = order_agreement(first, {name: [2 * v for v in values] for name, values in first.items()})
    assert (same.value, same.low, same.high, same.n) == (1, 1, 1, 3)
    assert order_agreement(first, {name: [-v for v in values] for name, values in first.items()}).value == -1
    swapped = {**first, "a": first["b"], "b": first["a"]}
    assert order_agreement(first, swapped).value == pytest.approx((5 - 1) / 6)


def test_order_agreement_is_unsure_where_seeds_are():
    """Methods whose seeds overlap could be in another order; their partners move with them."""
    first = {"a": [0.0, 1.0, 2.0], "b": [0.2, 1.2, 2.2], "c": [9.0, 9.0, 9.5]}
    second = {"a": [0.0, 2.0, 1.0], "b": [0.3, 1.2, 2.2], "c": [8.0, 9.0, 8.5]}
    found = order_agreement(first, second)
    assert found.value == 1
    assert found.low < 0.5 < found.high
    assert found == order_agreement(first, second)
    assert found.low != -1  # c stays last
    one = order_agreement({name: values[:1] for name, values in first.items()}, {n: v[:1] for n, v in second.items()})
    assert (one.value, one.n) == (1, 1)
    assert math.isnan(one.low)
    mixed = order_agreement({**first, "c": [9.0, 9.0]}, {**second, "c": [8.0, 9.0]})
    assert mixed.n == 2


def test_order_agreement_names_what_does_not_match():
    with pytest.raises(StudyError, match=r"order_agreement of a, b and a, c: give the same methods"):
        order_agreement({"a": [1], "b": [2]}, {"a": [1], "c": [2]})
    with pytest.raises(StudyError, match=r"a has 2 seeds and 1"):
        order_agreement({"a": [1, 2], "b": [2]}, {"a": [1], "b": [2]})
    with pytest.raises(StudyError, match=r"b has values that are not finite"):
        order_agreement({"a": [1], "b": [math.nan]}, {"a": [1], "b": [2]})
    ties = order_agreement({"a": [1], "b": [1]}, {"a": [1], "b": [2]})
    assert math.isnan(ties.value)
