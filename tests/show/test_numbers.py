"""Numbers as the book writes them."""

from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pytest

from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.numbers import interval, number, percent, says, share, value, written


@pytest.mark.parametrize(
    ("x", "how", "expected"),
    [
        (1399, {}, "1,399"),
        (np.int64(-1399), {}, "−1,399"),
        (910623.4, {}, "910,623"),
        (0.01234, {}, "0.0123"),
        (0.0, {"signed": True}, "0"),
        (-0.0001, {"decimals": 3}, "0.000"),
        (0.0001, {"decimals": 2, "signed": True}, "0.00"),
        (7e-8, {}, "< 0.000001"),
        (-7e-8, {}, "> −0.000001"),
        (1e21, {"decimals": 0}, "1" + ",000" * 7),
        (0.9996, {"significant": 3}, "1.00"),
        (2.5, {"signed": True, "decimals": 1}, "+2.5"),
        (nan, {}, "unknown"),
        (-inf, {}, "−∞"),
    ],
)
def test_a_number_has_a_true_minus_separators_and_no_exponent(x, how, expected):
    assert number(x, **how) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.1234, "12 %"), (0.0312, "3.1 %"), (0.00042, "0.042 %"), (1.0, "100 %"), (0.0, "0 %")]
)
def test_a_share_is_told_in_per_cent(share, expected):
    assert percent(share) == expected


@pytest.mark.parametrize(
    ("parts", "signed", "expected"),
    [
        ((1.7321, 1.7012, 1.7633), False, "1.732 (1.701 to 1.763)"),
        ((1.73, 1.40, 2.06), False, "1.73 (1.40 to 2.06)"),
        ((12345.6, 12000, 12700), False, "12,346 (12,000 to 12,700)"),
        ((0.0004, -0.03, 0.03), True, "0.000 (−0.030 to +0.030)"),
        ((-0.25, -0.35, -0.15), True, "−0.25 (−0.35 to −0.15)"),
        ((1.5, nan, nan), False, "1.50 (interval unknown)"),
        ((8123.0, nan, nan), False, "8,123 (interval unknown)"),
        ((100.0, 100.0, 100.0), False, "100 (no spread)"),
        ((nan, nan, nan), False, "unknown"),
        ((13.2, 1.41, 123.6), False, "13 (1.4 to 124)"),  # a ratio of few seeds
        ((0.0, 0.0, 0.0), False, "0 (no spread)"),
        ((1e-9, -2e-9, 3e-9), False, "0.000000 (0.000000 to 0.000000)"),
    ],
)
def test_the_width_of_the_interval_decides_the_digits(parts, signed, expected):
    assert written(Estimate(*parts, 3), signed) == expected
    assert written(SimpleNamespace(value=parts[0], low=parts[1], high=parts[2]), signed) == expected


def test_a_part_alone_has_the_digits_of_the_whole():
    e = Estimate(0.5, 0.46, 0.54, 3)
    assert (value(e), interval(e), value(e, decimals=1)) == ("0.500", "0.460 to 0.540", "0.5")
    assert interval(Estimate(1, nan, nan, 1)) == "unknown"


@pytest.mark.parametrize(
    ("parts", "how", "expected"),
    [
        ((-2, -3, -1), {}, "better"),
        ((-2, -3, -1), {"lower": "worse"}, "worse"),
        ((2, 1, 3), {}, "worse"),
        ((2, 1, 3), {"lower": "worse"}, "better"),
        ((2, 1.5, 3), {"null": 1, "lower": "worse"}, "better"),
        ((0, -1, 1), {}, "undecided"),
        ((0, 0, 1), {}, "undecided"),
        ((1, nan, nan), {}, "unknown"),
    ],
)
def test_what_an_interval_allows_to_say(parts, how, expected):
    assert says(Estimate(*parts, 3), **how) == expected


def test_a_share_is_in_per_cent_with_its_interval():
    assert share(Estimate(0.882, 0.842, 0.9228, 1)) == "88 % (84 to 92)"
    assert share(Estimate(0.0461, 0.031, 0.066, 1), decimals=1) == "4.6 % (3.1 to 6.6)"
