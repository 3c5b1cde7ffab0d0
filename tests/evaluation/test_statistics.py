import math

import numpy as np
import pytest
from scipy import stats

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import (
    Estimate,
    holm,
    paired_difference,
    paired_ratio_of_means,
    ratio_of_sums_bootstrap,
    seed_interval,
    trend_of_ratios,
    wilson,
)


def counts(rng, hardness, seeds, seed_spread, mean=2.0, noise=0.02):
    """bits = bytes x (mean + seed effect + hardness of the group + noise): [seeds, groups, 2]."""
    groups = len(hardness)
    size = np.broadcast_to(np.random.default_rng(groups).integers(800, 1200, size=groups), (seeds, groups))
    rate = mean + hardness + seed_spread * rng.normal(size=(seeds, 1)) + noise * rng.normal(size=(seeds, groups))
    return np.stack([rate * size, size], axis=-1)


def table(rng, seeds, groups, seed_spread, group_spread):
    return counts(rng, group_spread * rng.normal(size=groups), seeds, seed_spread)


def test_format():
    estimate = Estimate(0.2134, 0.19, 0.23, 3)
    assert f"{estimate:.3f}" == "0.213 (95 % CI 0.190 to 0.230, n = 3)"
    assert format(estimate, "+.1f") == "+0.2 (95 % CI +0.2 to +0.2, n = 3)"
    assert f"{Estimate(1.0, math.nan, math.nan, 1, 0.9):.1f}" == "1.0 (90 % CI unknown, n = 1)"


def test_seed_interval_equals_scipy():
    values = [1.0, 2.0, 4.0, 4.5]
    estimate = seed_interval(values, confidence=0.9)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((np.mean(values), low, high))
    assert estimate.n == 4


def test_one_seed_has_no_interval_and_satisfies_no_condition():
    estimate = seed_interval([3.0])
    assert estimate.value == 3
    assert math.isnan(estimate.low)
    assert not estimate.low > 0
    assert not estimate.high > 0
    lone = ratio_of_sums_bootstrap(np.array([[[6.0, 2.0]]]))
    assert lone.value == 3
    assert math.isnan(lone.high)


@pytest.mark.parametrize(
    ("seeds", "seed_spread", "group_spread"), [(3, 0.1, 0.1), (3, 0.1, 0.02), (1, 0, 0.2), (5, 0.02, 0.3)]
)
def test_a_95_percent_interval_covers_the_truth_about_95_times_in_100(seeds, seed_spread, group_spread):
    rng = np.random.default_rng(seeds)
    covered = 0
    for _ in range(200):
        estimate = ratio_of_sums_bootstrap(table(rng, seeds, 40, seed_spread, group_spread), draws=400)
        covered += estimate.low <= 2 <= estimate.high
    assert 0.9 <= covered / 200 <= 0.99


def test_a_paired_difference_covers_the_truth_and_forgets_what_both_share():
    rng = np.random.default_rng(0)
    covered, widths = 0, []
    for _ in range(100):
        hardness = 0.5 * rng.normal(size=40)
        a = counts(rng, hardness, seeds=3, seed_spread=0.02)
        b = counts(rng, hardness, seeds=1, seed_spread=0, mean=2.3, noise=0.1)
        estimate = paired_difference(b, a)
        apart = paired_difference(b, a, same_groups=False)
        covered += estimate.low <= 0.3 <= estimate.high
        widths.append((estimate.high - estimate.low) / (apart.high - apart.low))
    assert 0.9 <= covered / 100 <= 0.99
    assert np.median(widths) < 0.4


def test_a_difference_of_tables_that_differ_by_a_constant_is_certain():
    a = table(np.random.default_rng(0), 3, 20, 0.1, 0.3)
    b = a.copy()
    b[..., 0] += 0.25 * b[..., 1]
    estimate = paired_difference(b, a)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.25, 0.25, 0.25))
    same = paired_difference(a, a)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_value_is_the_ratio_of_sums_and_order_and_units_do_not_matter():
    a = table(np.random.default_rng(1), 3, 30, 0.1, 0.3)
    estimate = ratio_of_sums_bootstrap(a)
    assert estimate.value == pytest.approx(a[..., 0].sum() / a[..., 1].sum())
    assert estimate == ratio_of_sums_bootstrap(a)
    assert ratio_of_sums_bootstrap(a * 8).low == pytest.approx(estimate.low)
    scaled = ratio_of_sums_bootstrap(a * [10, 1])
    assert (scaled.low, scaled.high) == pytest.approx((10 * estimate.low, 10 * estimate.high))
    shuffled = ratio_of_sums_bootstrap(a[:, np.random.default_rng(2).permutation(30)])
    assert shuffled.low == pytest.approx(estimate.low, rel=0.01)
    flipped = paired_difference(a[:1], a)
    forward = paired_difference(a, a[:1])
    assert (flipped.low, flipped.high) == pytest.approx((-forward.high, -forward.low))


def test_wilsons_interval_is_that_of_its_closed_form_and_none_found_is_not_none_there():
    p, n, z = 0.05, 300, stats.norm.isf(0.025)
    centre, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    found = wilson(15, 300)
    assert (found.value, found.n) == (0.05, 300)
    assert (found.low, found.high) == pytest.approx(
        ((centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n))
    )
    assert wilson(0, 50).high > 0.05


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert holm([]).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: seed_interval([]), "finite values"),
        (lambda: seed_interval([1, math.nan]), "finite values"),
        (lambda: seed_interval([1, 2], confidence=95), "confidence=95"),
        (lambda: ratio_of_sums_bootstrap(np.ones((3, 2))), r"shape \[3, 2\]"),
        (lambda: ratio_of_sums_bootstrap(np.full((1, 2, 2), np.inf)), "not finite"),
        (lambda: ratio_of_sums_bootstrap(np.zeros((1, 2, 2))), "denominators"),
        (lambda: paired_difference(np.ones((3, 4, 2)), np.ones((2, 4, 2))), "3 seeds and 2"),
        (lambda: paired_difference(np.ones((3, 4, 2)), np.ones((3, 5, 2))), "4 document groups and 5"),
        (lambda: holm([0.5, 1.5]), r"\[0, 1\]"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(StudyError, match=message):
        call()


def test_a_ratio_of_means_is_that_of_the_sums_and_its_interval_covers_what_was_drawn():
    rng = np.random.default_rng(0)
    size = np.full((4, 32), 500.0)
    a = np.stack([rng.poisson(20, size.shape), size], -1).astype(float)
    b = np.stack([rng.poisson(4, size.shape), size], -1).astype(float)
    found = paired_ratio_of_means(a, b)
    assert found.value == pytest.approx(a[..., 0].sum() / b[..., 0].sum(), rel=0.01)
    assert 1 < found.low < 5 < found.high < 8
    assert found.n == 4
    back = paired_ratio_of_means(b, a)
    assert (back.value, back.low, back.high) == pytest.approx(
        (1 / found.value, 1 / found.high, 1 / found.low), rel=0.02
    )


def test_a_ratio_of_means_is_finite_without_an_event_and_refuses_what_has_no_logarithm():
    some, none = np.full((2, 8, 2), 10.0), np.tile([0.0, 10.0], (2, 8, 1))
    found = paired_ratio_of_means(some, none)
    assert np.isfinite([found.value, found.low, found.high]).all()
    with pytest.raises(StudyError, match="take a difference"):
        paired_ratio_of_means(-some * [1, -1], some)
    with pytest.raises(StudyError, match="same seeds"):
        paired_ratio_of_means(some, none[:1])


def test_estimates_move_and_scale_with_their_intervals():
    e = Estimate(2.0, 1.0, 3.0, 5)
    assert e.minus(1.0) == Estimate(1.0, 0.0, 2.0, 5)
    assert e.times(10.0) == Estimate(20.0, 10.0, 30.0, 5)


def test_what_has_bounds_has_no_interval_beyond_them():
    rate = Estimate(7.5, -6.4, 21.4, 3, df=2.0)
    assert rate.clipped(0.0, 100.0) == Estimate(7.5, 0.0, 21.4, 3)
    assert rate.clipped(0.0, 10.0) == Estimate(7.5, 0.0, 10.0, 3)
    assert rate.clipped(-7.0) == rate
    assert rate.clipped(0.0).df == 2.0
    assert Estimate(0.5, math.nan, math.nan, 1).clipped(0.0, 1.0).interval(".1f") == "unknown"


def test_a_trend_is_the_slope_of_the_logarithms_per_doubling():
    """Ratios of 8, 4 and 2 at 0, 2 and 4 doublings fall to 2 ** -.5 with each."""
    rng = np.random.default_rng(3)
    size = np.full((3, 8), 1000.0)
    luck = np.exp(0.1 * rng.normal(size=(3, 1)))
    below = np.stack([4096 * luck * np.ones_like(size), size], -1)
    pairs = [(below * [times, 1], below) for times in (8, 4, 2)]
    found = trend_of_ratios(pairs, (0, 2, 4))
    assert found.value == pytest.approx(0.5**0.5, rel=1e-4)
    assert found.low < found.value < found.high < 1
    back = trend_of_ratios([(b, a) for a, b in pairs], (0, 2, 4))
    assert (back.value, back.low) == (pytest.approx(1 / found.value), pytest.approx(1 / found.high))
    for points, places in ((pairs[:1], (0,)), (pairs, (0, 2)), (pairs, (1, 1, 1))):
        with pytest.raises(StudyError, match="give two or more, apart"):
            trend_of_ratios(points, places)
    with pytest.raises(StudyError, match="give the same seeds"):
        trend_of_ratios([pairs[0], (pairs[1][0][:2], pairs[1][1][:2])], (0, 2))
