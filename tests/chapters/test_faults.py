"""The chapter on faults: what the released forms do, how graders and seeds differ, and curves of what was pushed."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmstudy.chapters.faults import faults as chapter
from lmstudy.study.shelf import Shelf
from tests.chapters.result_records import PARTS, judged, of_task, trained

RELEASED = {"RWR": 0.0001, "RWR, as released": 0.002, "RWR, divided twice": 0.0004, "MLE": 0.002, "conditional": 0.0005}


@pytest.fixture(scope="module")
def records():
    return of_task("privacy", RELEASED)


@pytest.fixture(scope="module")
def shelf(records):
    return Shelf(records)


def runs_of(name):
    return [trained("privacy", name, seed) for seed in (1, 2, 3)]


def test_a_fault_is_how_many_times_worse_the_released_form_is(shelf):
    found = chapter.fault("RWR, as released", "RWR")(shelf)
    assert found.value == pytest.approx(20, rel=0.1)
    assert found.n == 3
    table = chapter.fault_table(shelf, "privacy")
    assert set(table.index) == set(RELEASED) - {"conditional"}
    assert table.loc["MLE", "training scorer"].value == pytest.approx(2, rel=0.05)  # per 1,000 characters


def test_graders_that_agree_have_no_gap(shelf):
    # the held-out grader sees nine tenths of each score, so that both see the same improvement
    assert chapter.grader_gap(shelf, "privacy").value == pytest.approx(1, rel=0.02)


def test_seeds_that_differ_spread_more_than_their_texts():
    means = {1: 0.001, 2: 0.002, 3: 0.004}
    runs = [trained("privacy", "MLE", seed) for seed in means]
    wide = [judged(run, mean) for run, mean in zip(runs, means.values(), strict=True)]
    found = chapter.spread_of_seeds(Shelf([*runs, *wide]))
    expected = np.std(list(means.values()), ddof=1) / np.mean([chapter.standard_error(record) for record in wide])
    assert found.value == pytest.approx(expected)
    assert 1 < found.low < found.value < found.high


def test_a_curve_is_of_what_was_measured_by_both_graders(records):
    guided = [judged(run, 0.0001, settings={"guidance": 2.0}) for run in runs_of("conditional")]
    found = chapter.pushed_curves(Shelf([*records, *guided]), "privacy", "guidance")
    assert {grader: list(curve) for grader, curve in found.items()} == {one: [1.0, 2.0] for one in chapter.GRADERS}
    assert [e.value for e in found["training scorer"].values()] == pytest.approx([0.5, 0.1], rel=0.05)
    assert list(chapter.strength_table(Shelf([*records, *guided]), "privacy").index) == ["1", "2"]


def test_red_teaming_is_followed_by_round_and_compared_on_the_worst_prompts(records):
    keys = [*(f"red_team/{n}" for n in range(chapter.RED_TEAM_ROUNDS + 1)), "red_team/again"]
    made = list(records)
    for name, worst in {"MLE": 8.0, "conditional": 2.0}.items():
        groups = {key: [[worst * (n + 1) / len(keys), 1000.0]] * PARTS for n, key in enumerate(keys)}
        made += [judged(run, 0, groups=groups, asked_for=["measure=red_team_privacy"]) for run in runs_of(name)]
    found = chapter.red_team_curves(Shelf(made), "privacy")
    assert list(found["MLE"]) == [0, 1, 2, 3, 4, 5, 6]
    assert found["MLE"][6.0].value == pytest.approx(8)
    assert chapter.red_team_lower(Shelf(made), "privacy").value == pytest.approx(4, rel=0.02)
    figure = chapter.drawn(found, "round", "privacy", "measure=red_team_privacy", enlarged=4)
    assert {"MLE", "conditional"} <= {text.get_text() for text in figure.axes[1].texts}
    assert [len(axes.lines[0].get_xdata()) for axes in figure.axes] == [7, 3]
    plt.close(figure)


def test_what_nobody_measured_is_said_to_be_missing(shelf, capsys):
    found = [chapter.pushed_curves(shelf, "privacy", what) for what in chapter.PUSHED]
    assert found == [{}, {}, {}]  # of a curve's ends there is no curve
    assert chapter.red_team_curves(shelf, "privacy") == {}
    assert chapter.drawn({}, "round", "privacy", "measure=red_team_privacy") is None
    assert "measure=red_team_privacy" in capsys.readouterr().out
