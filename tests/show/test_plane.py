"""The plane puts points where they belong, keeps labels apart, and says all numbers to those who do not see it."""

import itertools
import json
import re
from html import unescape

import pytest

from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.plane import HEIGHT, LINE, Axis, Point, plane

X = Axis("cost, %", signed=True, line=0.0)
Y = Axis("items", log=True, line=5.0, says="people")


def made(places, seeds=None):
    return {
        name: Point(Estimate(x, x - 0.5, x + 0.5, 3), Estimate(y, y / 2, y * 2, 3), "#000", seeds or {})
        for name, (x, y) in places.items()
    }


def points(html):
    place = r'style="left:([\d.]+)%;bottom:([\d.]+)%;--move:(-?\d+)px"'
    found = re.findall(rf'plane-label (\S+)" {place}>(.*?)<', html)
    return {name: (side, float(x), float(y), int(move)) for side, x, y, move, name in found}


def test_more_is_further_right_and_higher_and_ratios_are_spaced_evenly():
    found = points(plane(made({"a": (0.0, 0.1), "b": (2.0, 1.0), "c": (4.0, 10.0)}), X, Y))
    a, b, c = (found[name] for name in "abc")
    assert a[1] < b[1] < c[1]
    assert b[2] - a[2] == pytest.approx(c[2] - b[2], abs=0.2)
    assert (a[0], c[0]) == ("plane-right", "plane-left")


def test_labels_of_like_points_do_not_touch():
    found = points(plane(made({f"method {i}": (1.0, 1.0 + i / 100) for i in range(4)}), X, Y))
    tops = sorted(HEIGHT * (1 - y / 100) + move for _, _, y, move in found.values())
    assert min(b - a for a, b in itertools.pairwise(tops)) >= LINE - 1.5


def test_all_is_told_and_escaped():
    html = plane(made({"a<b": (1.0, 2.0), "c": (0.0, 1.0)}), X, Y)
    assert 'aria-label="cost, % to the right, items upwards. a&lt;b: +1.00 (+0.50 to +1.50) and 2.0' in html
    assert "people</i>" in html
    assert "a<b" not in html


def test_single_seeds_stand_where_they_belong_and_are_told():
    html = plane(made({"a": (1.0, 2.0)}, {1: (0.0, 1.0), 2: (2.0, 4.0)}), X, Y)
    (first, second) = json.loads(unescape(re.search("data-seeds='(.*?)'", html)[1]))
    ((_, x, y, _),) = points(html).values()
    assert first[0] < x < second[0]
    assert y - first[1] == pytest.approx(second[1] - y, abs=0.2)
    assert (first[2], second[2]) == ("seed 1: 0; 1.00", "seed 2: +2.00; 4.00")
    assert "; 2 seeds</span>" in html
    assert "seed" not in plane(made({"a": (1.0, 2.0)}), X, Y)
