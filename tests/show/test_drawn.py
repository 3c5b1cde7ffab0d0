"""Figures of points and curves draw the estimates they are given, and no label covers another."""

from math import nan

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.curves import arm_curves, curve_panels, curves, seed_curves
from lmstudy.show.labels import label_points, spread
from lmstudy.show.points import point_panels, points
from tests.claim_records import record


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def around(value, half=0.1):
    return Estimate(value, value - half, value + half, 3)


def drawn(axes):
    """Of a panel of points: the places of dots, and the whiskers."""
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1]
    whiskers = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    return dots, whiskers


def covers(texts, figure):
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in texts]  # without a leading line
    return any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_points_stand_a_line_each_with_their_intervals():
    found = {"first": around(1.0), "second": Estimate(2.0, nan, nan, 1)}
    (axes,) = points(found, "bits", lines={"equal": 0.5}).axes
    dots, whiskers = drawn(axes)
    assert dots == [(1.0, 0), (2.0, 1)]
    assert whiskers == [(0.9, 1.1), (0.5, 0.5)]  # one seed has none; the line
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert [text.get_text() for text in axes.texts] == ["equal"]
    assert axes.yaxis_inverted()


def test_series_share_a_line_and_have_a_legend():
    figure = points({"training": {"a": around(1), "b": around(2)}, "held out": {"b": around(3)}}, "x", from_zero=True)
    dots, _ = drawn(figure.axes[0])
    assert [x for x, _ in dots] == [1, 2, 3]
    assert dots[1][1] < 1 < dots[2][1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "held out"]
    assert figure.axes[0].get_xlim()[0] == 0


def test_a_logarithmic_axis_shows_an_interval_that_begins_at_zero():
    (axes,) = points({"a": Estimate(0.5, 0.0, 2.0, 3), "b": around(10)}, "x", log=True).axes
    assert drawn(axes)[1][0] == (0.05, 2.0)
    assert all("e" not in label.get_text() for label in axes.get_xticklabels())


def test_panels_below_each_other_have_rows_of_their_own_and_beside_each_other_the_same():
    found = {"one": {"a": around(1), "b": around(2)}, "two": {"b": around(30)}}
    first, second = point_panels(found, {"one": "bits", "two": "points"}).axes
    assert [len(axes.get_yticks()) for axes in (first, second)] == [2, 1]
    assert (first.get_xlabel(), second.get_xlabel()) == ("bits", "points")
    assert first.get_xlim()[1] < 3 < second.get_xlim()[0]
    figure = point_panels(found, "bits", columns=2)
    first, second = figure.axes
    assert drawn(second)[0] == [(30, 1)]
    assert first.get_xlim() == second.get_xlim()
    taller = points({str(i): around(i) for i in range(20)}, "x")
    assert taller.get_size_inches()[1] > 2 * figure.get_size_inches()[1]


def test_curves_have_bands_and_names_at_their_ends_that_do_not_cover_each_other():
    found = {name: {x: around(1 + k / 1000) for x in (8, 16, 32)} for k, name in enumerate("abcd")}
    figure = curves(found, "tokens", "bits", log_x=True, log_y=True, baselines={"counting": 1.001, "top": around(2)})
    (axes,) = figure.axes
    assert axes.lines[1].get_ydata().tolist() == [1.001] * 3
    low, high = (of(axes.collections[0].get_paths()[0].vertices[:, 1]) for of in (min, max))
    assert (low, high) == (0.9, 1.1)
    assert {text.get_text() for text in axes.texts} == {*"abcd", "counting", "top"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["8", "16", "32"]
    assert not covers(axes.texts, figure)
    figure.draw_without_rendering()
    edge = axes.get_window_extent().x1
    assert all(Text.get_window_extent(text).x0 >= edge for text in axes.texts)  # no line strikes through a name


def test_panels_of_curves_name_what_they_share_once():
    own = {"a": {1: 1.0, 2: 2.0}, "b": {1: 2.0, 2: 3.0}}
    left, right = curve_panels({"x": own, "y": own}, "step", "bits", columns=2, baselines={"x": {"line": 1.5}}).axes
    assert [text.get_text() for text in left.texts] == ["line"]
    assert {text.get_text() for text in right.texts} == {"a", "b"}
    above, below = curve_panels({"x": own, "y": {"b": own["b"]}}, "step", {"x": "bits", "y": "points"}).axes
    assert below.lines[0].get_color() == above.lines[1].get_color()
    assert below.get_ylabel() == "points"


def test_records_become_a_thin_curve_a_seed_and_a_thick_one_for_their_mean():
    config = {"budget": {"steps": 20}}

    def run(seed, last):
        found = {key: {"step": [10, 20], "value": [3.0, last]} for key in ["loss", "valid/bits_per_byte"]}
        metrics = {"train/tokens": 2e6 + seed - 1}  # of the first seed count
        return record(seed, "train", config, 2.0, seed=seed, curves=found, metrics=metrics)

    arms = {"MLE": [run(1, 1.0), run(2, 2.0)], "none": []}
    assert seed_curves(arms, "loss") == {"MLE": [{1.0: 3.0, 2.0: 1.0}, {1.0: 3.0, 2.0: 2.0}]}
    assert list(seed_curves(arms, "loss", "share")["MLE"][0]) == [50.0, 100.0]
    assert seed_curves(arms, "other") == {}
    with pytest.raises(StudyError, match="a curve of 2 seeds: they have no x in common"):
        curves({"a": [{1.0: 1.0}, {2.0: 1.0}]}, "step", "bits")
    (axes,) = arm_curves(arms, "bits").axes
    assert [line.get_ydata()[-1] for line in axes.lines] == [1.0, 2.0, 1.5]
    assert axes.lines[2].get_linewidth() > axes.lines[0].get_linewidth()
    (axes,) = curves(seed_curves(arms, "loss"), "tokens", "bits", log_y=True).axes
    assert axes.lines[2].get_ydata()[-1] == pytest.approx(2**0.5)


def test_labels_move_apart_and_keep_their_order():
    moved = spread([1.0, 1.01, 3.0], 0.5)
    assert moved[1] - moved[0] >= 0.5 - 1e-6
    assert moved[2] == 3.0
    assert sum(moved[:2]) == pytest.approx(2.01)
    assert spread([5.0], 1.0) == [5.0]


@pytest.mark.parametrize("drop", [False, True])
def test_names_beside_crowded_points_do_not_cover_each_other(drop):
    figure, axes = plt.subplots(figsize=(7, 4))
    rng = np.random.default_rng(0)
    points = {f"objective {i}": tuple(0.5 + 0.03 * rng.standard_normal(2)) for i in range(8)}
    axes.set(xlim=(0, 1), ylim=(0, 1))
    label_points(axes, points, dict.fromkeys(points, "black"), drop=drop)
    assert not covers(axes.texts, figure)
    assert all(axes.get_window_extent().contains(*Text.get_window_extent(text).min) for text in axes.texts)
    named = [text.get_text() for text in axes.texts]
    assert len(named) < 8 if drop else sorted(named) == sorted(points)
