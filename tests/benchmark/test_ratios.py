"""Ratios and their verdict on numbers made by hand."""

import json
import math

import numpy as np
import pytest

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Account
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.result import Line
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds, paired_ratio
from tests.benchmark.cases import account, contest


def at_rates(*rates: float) -> Account:
    return account([60 / rate for rate in rates], 60)


def test_rounds_are_paired_before_the_mean():
    found = paired_ratio([10, 20, 90], [5, 5, 30])
    assert found.value == pytest.approx(24 ** (1 / 3))  # of 2, 4 and 3; the ratio of the means would be 2.625
    assert found.n == 3
    assert found.value / found.low == pytest.approx(found.high / found.value)  # on the scale of logarithms


def test_what_slows_a_whole_round_cancels():
    slow = np.array([1.0, 0.3, 0.8, 0.1, 0.5])
    found = paired_ratio(600 * slow, 200 * slow)
    assert (found.value, found.low, found.high) == pytest.approx((3, 3, 3))


@pytest.mark.parametrize("rounds", [4, 12])
def test_the_interval_covers_the_truth_and_is_the_same_each_time(rounds):
    """Percentiles of a bootstrap of four rounds cover seven in eight."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        values = 2 * np.exp(0.1 * rng.standard_normal(rounds))
        found = over_rounds(values)
        covered += found.low <= 2 <= found.high
    assert 0.93 <= covered / 1000 <= 0.97
    assert over_rounds(values) == found


def test_one_round_has_no_interval_and_no_conclusion():
    found = paired_ratio([3], [2])
    assert found.value == 1.5
    assert math.isnan(found.low)
    assert not ratios.conclusive(found, Machine(1, 1, 0))


@pytest.mark.parametrize("bad", [([1, 2], [1]), ([1, math.nan], [1, 1]), ([1, 0], [1, 1]), ([], [])])
def test_ratios_refuse_what_cannot_be_paired(bad):
    with pytest.raises(StudyError):
        paired_ratio(*bad)


def test_the_spread_of_the_machine_is_that_of_its_middle():
    steady = Machine.of(at_rates(*np.linspace(90, 110, 101)))
    assert steady.median == pytest.approx(100)
    assert steady.best == pytest.approx(110)
    assert steady.spread == pytest.approx(0.16)  # from 92 to 108


@pytest.mark.parametrize(
    ("theirs", "machine", "expected"),
    [
        ((100, 101, 99, 100, 100), (10, 10, 10, 10, 10), True),
        ((100, 101, 99, 100, 100), (10, 7, 10, 13, 10), False),  # an unsteady machine
        ((100, 60, 140, 80, 120), (10, 10, 10, 10, 10), False),  # a wide interval
    ],
)
def test_noise_makes_a_line_inconclusive(theirs, machine, expected):
    held = contest(lmstudy=at_rates(*[200] * 5), peer=at_rates(*theirs))
    held.machine = at_rates(*machine)
    line = ratios.rate_ratio(held, "lmstudy", "peer", "speed", "x/s")
    assert line.conclusive is expected
    assert line.ratio == pytest.approx(2, rel=0.05)
    assert line.low <= line.ratio <= line.high
    assert line.rounds == 5


def test_memory_compares_peaks():
    held = contest(lmstudy=at_rates(1), peer=at_rates(1))
    held.accounts["peer"].memory_before, held.accounts["peer"].memory_peak = 4e6, 12e6  # the other's are 1e6, 3e6
    line = ratios.memory_ratio(held, "lmstudy", "peer")
    assert (line.ratio, line.low, line.better) == (0.25, None, "lower")
    whole, above = ratios.memory(held, "peer")
    assert (whole.value, above.value) == pytest.approx((12e6 / 2**20, 8e6 / 2**20))


def test_a_result_keeps_what_its_ratios_can_be_computed_from():
    held = contest(lmstudy=at_rates(30, 33, 36), peer=at_rates(10, 11, 9))
    line = ratios.rate_ratio(held, "lmstudy", "peer", "speed", "x/s")
    result = ratios.result(held, [line, ratios.rate(held, "peer", "speed", "x/s")], "speed", data="cafe")
    curves = {name: np.array(curve["value"]) for name, curve in result.curves.items()}
    found = paired_ratio(curves["lmstudy/speed"], curves["peer/speed"])
    assert (found.value, found.high) == pytest.approx((line.ratio, line.high))
    assert result.metrics["peer/ratio/speed"] == pytest.approx(36 ** (1 / 3))  # of 3, 3 and 4
    assert result.metrics["peer/ratio/speed/high"] == line.high
    assert result.metrics["peer/speed"] == pytest.approx(990 ** (1 / 3))
    assert result.metrics["machine/flops_per_second"] == 1e9
    assert result.samples[0]["blocks"][0] == [2.0, 60]
    assert result.data == "cafe"


def test_a_second_contender_does_not_hide_the_first():
    lines = [Line("speed", "x/s", peer="p", contender=name, ratio=r) for name, r in (("lmstudy", 3.0), ("plain", 2.0))]
    assert ratios.named(lines) == {"p/ratio/speed": 3.0, "p/ratio_of_plain/speed": 2.0}


def test_a_line_as_json_has_the_same_keys_whatever_is_known():
    full = json.loads(Line("speed", "x/s", peer="p", ratio=2.0, low=1.5, high=2.5, rounds=12).to_json("train"))
    bare = json.loads(Line("memory", "MiB", value=3.0, low=math.nan, conclusive=False).to_json("train"))
    assert list(full)[:5] == ["workload", "peer", "ratio", "low", "high"]
    assert set(full) == set(bare)
    assert (full["workload"], full["peer"], full["ratio"], full["conclusive"]) == ("train", "p", 2.0, True)
    assert [bare[key] for key in ("peer", "ratio", "low", "value", "conclusive")] == [None, None, None, 3.0, False]
