"""The plane puts points where they belong, keeps labels apart, and says all numbers to those who do not see it."""

import itertools
import json
import re
from html import unescape

import pytest

from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.plane import DOT, HEIGHT, LETTER, LINE, NARROW, WIDE, Axis, Point, plane

X = Axis("cost, %", signed=True, line=0.0)
Y = Axis("items", log=True, line=5.0, says="people")


def made(places, seeds=None):
    return {
        name: Point(Estimate(x, x - 0.5, x + 0.5, 3), Estimate(y, y / 2, y * 2, 3), "#000", seeds or {})
        for name, (x, y) in places.items()
    }


def points(html):
    place = r'style="left:([\d.]+)%;bottom:([\d.]+)%;--move:(-?\d+)px;--narrow-move:(-?\d+)px"'
    found = re.findall(rf'plane-label plane-(\S+) narrow-(\S+)" {place}>(.*?)<', html)
    wide = {name: (side, float(x), float(y), int(move)) for side, _, x, y, move, _, name in found}
    narrow = {name: (side, float(x), float(y), int(move)) for _, side, x, y, _, move, name in found}
    return wide, narrow


def boxes(placed, width):
    """Labels as (left, right, middle), and dots as (x, y), in pixels at a width."""
    labels, dots = {}, {}
    for name, (side, x, y, move) in placed.items():
        dot, size = x / 100 * width, LETTER * len(name)
        dots[name] = dot, HEIGHT * (1 - y / 100)
        start = dot + 12 if side == "right" else dot - 12 - size
        labels[name] = start, start + size, dots[name][1] + move
    return labels, dots


def test_more_is_further_right_and_higher_and_ratios_are_spaced_evenly():
    found, _ = points(plane(made({"a": (0.0, 0.1), "b": (2.0, 1.0), "c": (4.0, 10.0)}), X, Y))
    a, b, c = (found[name] for name in "abc")
    assert a[1] < b[1] < c[1]
    assert b[2] - a[2] == pytest.approx(c[2] - b[2], abs=0.2)
    assert (a[0], c[0]) == ("right", "left")


def test_labels_of_like_points_do_not_touch():
    for placed, widths in zip(
        points(plane(made({f"method {i}": (1.0, 1.0 + i / 100) for i in range(4)}), X, Y)), (WIDE, NARROW), strict=True
    ):
        for width in widths:
            _check_apart(placed, width)


CROWDED = {
    "MLE": (0.0, 2.9), "filtering": (10.6, 0.026), "conditional": (-0.4, 0.38), "conditional, cooldown": (0.6, 2.1),
    "selective": (6.4, 0.038), "unlikelihood": (7.2, 0.041), "RWR": (4.1, 0.069), "AWR": (3.8, 0.097),
}  # fmt: skip


def test_labels_keep_clear_of_dots_on_a_screen_and_on_a_phone():
    wide, narrow = points(plane(made(CROWDED), X, Y))
    for width in WIDE:
        _check_apart(wide, width)
    for width in NARROW:
        _check_apart(narrow, width)
    assert max(abs(move) for _, _, _, move in (*wide.values(), *narrow.values())) <= 2 * LINE  # near their dots


def _check_apart(placed, width):
    labels, dots = boxes(placed, width)
    for one, other in itertools.permutations(placed, 2):
        (start, end, middle), (left, right, line), (x, y) = labels[one], labels[other], dots[other]
        assert abs(middle - line) >= LINE - 1 or end <= left or right <= start, (one, other, width)
        assert abs(middle - y) >= LINE / 2 + DOT - 1 or end <= x - DOT + 1 or x + DOT - 1 <= start, (one, other, width)


def test_all_is_told_and_escaped():
    html = plane(made({"a<b": (1.0, 2.0), "c": (0.0, 1.0)}), X, Y)
    assert 'aria-label="cost, % to the right, items upwards. a&lt;b: +1.00 (+0.50 to +1.50) and 2.0' in html
    assert "people</i>" in html
    assert "a<b" not in html


def test_single_seeds_stand_where_they_belong_and_are_told():
    html = plane(made({"a": (1.0, 2.0)}, {1: (0.0, 1.0), 2: (2.0, 4.0)}), X, Y)
    (first, second) = json.loads(unescape(re.search("data-seeds='(.*?)'", html)[1]))
    ((_, x, y, _),) = points(html)[0].values()
    assert first[0] < x < second[0]
    assert y - first[1] == pytest.approx(second[1] - y, abs=0.2)
    assert (first[2], second[2]) == ("seed 1: 0; 1.00", "seed 2: +2.00; 4.00")
    assert "; 2 seeds</span>" in html
    assert "seed" not in plane(made({"a": (1.0, 2.0)}), X, Y)
