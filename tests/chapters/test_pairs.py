"""Every objective against every other, gaps between graders, and gains behind beginnings."""

import math

import matplotlib.pyplot as plt
import pytest

from lmstudy.chapters.results.beginnings import beginnings
from lmstudy.chapters.results.pairs import gap, gap_table, pair_table
from lmstudy.chapters.results.results import results
from lmstudy.study.shelf import Shelf
from tests.chapters.result_records import PARTS, judged, of_task, trained


def of(task, **levels):
    """Results of three seeds, each objective with a mean by the scorer of training and by the held-out grader."""
    made = []
    for name, (training, held_out) in levels.items():
        for seed in (1, 2, 3):
            run = trained(task, name, seed)
            made += [run, judged(run, training * (1 + 0.01 * seed), held_out * (1 + 0.01 * seed))]
    return results(Shelf(made), task)


def test_each_pair_stands_once_and_says_how_many_times_fewer():
    table = pair_table(of("privacy", MLE=(0.004, 0.004), filtering=(0.0004, 0.0004), conditional=(0.002, 0.002)))
    assert list(table.index) == ["filtering", "conditional"]
    assert list(table.columns) == ["MLE", "filtering"]
    assert float(table.loc["filtering", "MLE"].split()[0]) == pytest.approx(10, rel=0.05)
    assert float(table.loc["conditional", "filtering"].split()[0]) == pytest.approx(0.2, rel=0.05)
    assert table.loc["filtering", "filtering"] == ""
    assert all(cell.endswith(" *") for cell in (table.loc["filtering", "MLE"], table.loc["conditional", "filtering"]))


def test_a_gap_is_a_ratio_of_ratios_or_a_difference_of_differences_with_an_interval_over_seeds():
    counted = of("privacy", MLE=(0.004, 0.004), filtering=(0.0004, 0.0008))
    found = gap(counted, "filtering")
    assert found.value == pytest.approx(2, rel=0.05)
    assert found.low < found.value < found.high
    assert list(gap_table(counted)["seeds"]) == [3]
    rated = of("sentiment", MLE=(0.2, 0.2), filtering=(-2.0, -1.0))
    assert gap(rated, "filtering").value == pytest.approx(1 / 1.6394, rel=0.1)


def test_a_gap_of_who_wrote_nothing_is_unknown():
    run, reference = trained("privacy", "filtering", 1), trained("privacy", "MLE", 1)
    empty = {f"unprompted/{scorer}": [[0.0, 0.0]] * PARTS for scorer in ("training", "held_out")}
    found = results(Shelf([run, reference, judged(run, 0, groups=empty), judged(reference, 0.1)]), "privacy")
    assert math.isnan(gap(found, "filtering").value)


def test_each_objective_has_a_filled_and_a_hollow_mark_on_its_line():
    own = results(Shelf(of_task("privacy")), "privacy")
    figure = beginnings({"privacy": own})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == own.others
    marks = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    assert len(marks) == 2 * len(own.others)
    assert sum(mark.get_markerfacecolor() == "white" for mark in marks) == len(own.others)
    plt.close(figure)
