"""Objectives at equal bits: what is read between settings, what is out of reach, a table and a figure."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmstudy.chapters.results import frontier
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.preferences import arm
from lmstudy.study.shelf import Shelf
from tests.chapters.result_records import judged, trained

AT_EQUAL_BITS = {
    "privacy.mild_filtering_cost",
    "privacy.mild_filtering_vs_conditional",
    "privacy.matched_filtering_vs_conditional",
    "privacy.matched_filtering_vs_selective",
    "privacy.matched_rwr_vs_filtering",
    "privacy.matched_rwr_vs_selective",
    "privacy.matched_rwr_vs_conditional",
    "privacy.rwr_cost_vs_filtering",
}
"""Claims."""
MLE = 0.004
"""Score per character that MLE has in every test."""


def measured(name, seed, bits, score):
    """A run of privacy that needs some bits per byte, everything charged, and writes text of some score."""
    groups = {"valid": [[bits * 100, 100.0]] * 8}
    if name != "conditional":
        run = trained("privacy", name, seed, groups=groups)
        return [run, judged(run, score)]
    run = trained("privacy", name, seed, groups={"valid": [[100.0, 100.0]] * 8})  # control tokens left out: too few
    return [run, judged(run, score), judged(run, 0.1, asked_for=frontier.CHARGED, groups=groups)]


def records_of(levels, seeds=(1, 2, 3)):
    """Records by name of setting from (bits, score), the same for all seeds but for a little luck with texts."""
    return [
        one
        for name, (bits, score) in ({"MLE": (2.0, MLE)} | levels).items()
        for seed in seeds
        for one in measured(name, seed, bits, score * (1 + 0.02 * seed))
    ]


def of(levels):
    """Settings by name."""
    return frontier.settings(Shelf(records_of(levels)))


FILTERING = {"filtering, keep 90 %": (2.02, MLE / 2), "filtering": (2.2, MLE / 100)}


def test_a_method_is_read_at_the_bits_of_another():
    found = of(FILTERING | {"conditional": (2.02, MLE / 8), "selective": (2.2, MLE / 50)})
    assert frontier.strengths(found, "filtering") == ["MLE", "filtering", "filtering, keep 90 %"]
    at_a_setting = frontier.matched(found, "filtering", "conditional")
    assert at_a_setting.value == pytest.approx(4, rel=0.15)
    assert at_a_setting.n == 3
    assert at_a_setting.low < at_a_setting.value < at_a_setting.high
    assert frontier.matched(found, "filtering", "selective").value == pytest.approx(0.5, rel=0.15)
    between = of(
        FILTERING | {"conditional": (2.0 * math.sqrt(1.01), MLE / 8)}
    )  # half way from MLE to 90 %, by logarithm
    assert frontier.matched(between, "filtering", "conditional").value == pytest.approx(8 / math.sqrt(2), rel=0.15)


def test_nothing_is_extrapolated_and_a_single_setting_is_no_path():
    cheaper = of(FILTERING | {"conditional": (1.99, MLE / 8)})
    assert math.isnan(frontier.matched(cheaper, "filtering", "conditional").value)
    dearer = of(FILTERING | {"selective": (2.3, MLE / 8)})  # filtering needs fewer bits at its strongest, which counts
    assert frontier.matched(dearer, "filtering", "selective").value == pytest.approx(0.08, rel=0.15)
    alone = of({"conditional": (2.0, MLE / 8), "AWR": (2.1, MLE / 8)})
    assert math.isnan(frontier.matched(alone, "AWR", "conditional").value)
    assert math.isnan(frontier.matched(alone, "AWR", "selective").value)  # not measured


def test_settings_without_all_seeds_or_without_bits_are_left_out():
    assert frontier.settings(Shelf(measured("conditional", 1, 2.0, MLE))) == {}
    records = [one for seed in (1, 2, 3) for one in measured("MLE", seed, 2.0, MLE)]
    records += [one for seed in (1, 2) for one in measured("filtering", seed, 2.1, MLE / 9)]
    records += [one for seed in (1, 2, 3) for one in measured("conditional", seed, 2.1, MLE / 9)[:2]]
    assert list(frontier.settings(Shelf(records))) == ["MLE"]
    assert len(arm(Shelf(records), "privacy", "conditional")) == 3


def test_a_model_without_control_tokens_pays_the_same_both_ways():
    shelf = Shelf.open().as_is()
    (run,) = arm(shelf, "privacy", "filtering, keep 90 %", [2])
    (charged,) = shelf.measured([run], *frontier.CHARGED)
    assert np.array(charged.groups["valid"]) == pytest.approx(np.array(run.groups["valid"]), rel=1e-5)


def test_the_table_and_the_figure_show_what_is_there():
    found = of(
        FILTERING | {"conditional": (2.02, MLE / 8), "selective": (2.2, MLE / 50), "unlikelihood": (2.25, MLE / 60)}
    )
    table = frontier.matched_table(found)
    assert list(table.index) == [
        "filtering, at the bits of conditional",
        "filtering, at the bits of selective",
        "unlikelihood, at the bits of filtering",
    ]
    assert table.loc["filtering, at the bits of conditional", "training scorer"].value == pytest.approx(4, rel=0.15)
    figure = frontier.paths(found)
    figure.draw_without_rendering()
    names = {text.get_text() for text in figure.axes[0].texts}
    assert set(found) <= names
    plt.close(figure)


def test_claims_at_equal_bits_hold_on_records_made_so_and_say_what_is_missing():
    claims = [claim for claim in all_claims() if claim.id in AT_EQUAL_BITS]
    levels = {"conditional": (2.03, MLE / 8), "selective": (2.1, MLE / 50), "RWR": (2.02, MLE / 4)}
    levels |= {"filtering, keep 75 %": (2.06, MLE / 4), "RWR, β = 0.3": (2.1, MLE / 200)}
    records = records_of(FILTERING | levels)
    found = {result.id: result for result in evaluate_claims(records, claims)}
    assert set(found) == AT_EQUAL_BITS
    assert all(result.holds for result in found.values()), found
    assert found["privacy.matched_rwr_vs_selective"].estimate.value == pytest.approx(1 / 4, rel=0.1)
    assert found["privacy.rwr_cost_vs_filtering"].estimate.value == pytest.approx(100 * (2.1 / 2.2 - 1), abs=0.1)
    without = {result.id: result for result in evaluate_claims(records_of(FILTERING), claims)}
    missing = "no records of RWR at several settings with the bits of filtering"
    assert without["privacy.matched_rwr_vs_filtering"].error == missing
