"""Objectives at their own rates: what each gains and costs against MLE of the same seeds."""

import math
from dataclasses import replace

import pytest

from lmstudy.chapters.own_rates import figures, own_rates
from lmstudy.chapters.own_rates.own_rates import MORE_BITS, NAMES, SEEDS, table
from lmstudy.study import preference_ladder
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import charged, judged, number
from tests.claim_records import trained as made

TEST = ("measure=privacy", "split=test")
TIMES_FEWER = dict.fromkeys(NAMES, 2) | {"MLE": 1, "filtering": 4}


@pytest.fixture
def shelf(monkeypatch):
    """Every objective halves the items of MLE for a tenth more bits; filtering leaves a quarter."""
    monkeypatch.setitem(preference_ladder.BEST, "privacy", dict.fromkeys(NAMES, "2.0e-2"))
    found = []
    for name in NAMES:
        for seed in SEEDS:
            bits = 2.0 if name == "MLE" else 2.2
            run = made(number(name, seed), *preference_ladder.arm("privacy", name), seed=seed)
            found += [run, judged(run, 0.002 / TIMES_FEWER[name], asked_for=TEST), charged(run, bits)]
    return Shelf(found)


def test_gains_and_prices_are_against_the_reference(shelf):
    found = own_rates.trained(shelf)
    gains = own_rates.fewer(found, "unprompted/held_out")
    assert gains["selective"].value == pytest.approx(2, rel=0.1)
    assert gains["filtering"].value == pytest.approx(4, rel=0.1)
    by_conditional = own_rates.fewer(found, "unprompted/held_out", "conditional")
    assert by_conditional["MLE"].value == pytest.approx(0.5, rel=0.1)
    shown = table(found)
    assert list(shown.index) == list(NAMES[1:])
    assert [e.value for e in shown[MORE_BITS]] == pytest.approx([10] * len(shown), rel=1e-3)


def test_a_gain_over_what_writes_nothing_is_unknown(shelf):
    found = own_rates.trained(shelf)
    silent = [replace(one, groups=one.groups | {"unprompted/held_out": [(0.0, 0.0)]}) for one in found["AWR"].judged]
    gains = own_rates.fewer({**found, "AWR": replace(found["AWR"], judged=silent)}, "unprompted/held_out")
    assert [name for name, gain in gains.items() if math.isnan(gain.value)] == ["AWR"]


def test_an_objective_without_its_runs_is_missing(shelf):
    left = [one for one in shelf.records if one.kind != "train" or one.seed != SEEDS[-1]]
    with pytest.raises(NoRecordsError):
        own_rates.trained(Shelf(left))


def test_the_figure_has_a_panel_of_gains_and_one_of_prices(shelf):
    figure = figures.gains_and_prices(own_rates.trained(shelf))
    assert [axes.get_title() for axes in figure.axes] == ["What it gains", "What it costs"]
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "linear"]
