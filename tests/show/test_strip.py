"""A strip puts every number where it belongs on its axis, and says all of it in words, too."""

import itertools
import re

import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.strip import strip

ROWS = {"a <b>": Estimate(2.0, 1.0, 4.0, 3), "c": Estimate(8.0, 4.0, 16.0, 3)}


def places(html, kind):
    return [float(x) for x in re.findall(rf'class="strip-{kind}" style="left:([\d.]+)%', html)]


def test_ratios_are_spaced_by_their_logarithms():
    html = strip(ROWS, "times", log=True, null=1.0, says="as many")
    assert places(html, "dot") == pytest.approx([4 + 92 / 4, 4 + 92 * 3 / 4], abs=0.06)
    assert places(html, "line") == pytest.approx([4.0, 4 + 92 / 2], abs=0.06)
    assert re.findall(r"right:calc\(100% - ([\d.]+)%\)", html) == ["50.0", "96.0"]
    assert places(html, "null") == [4.0, 4.0]
    assert ">as many<" in html


def test_differences_are_spaced_evenly_and_signed():
    html = strip({"x": Estimate(-1.0, -2.0, 0.5, 3)}, "points", null=0.0, signed=True)
    assert places(html, "dot") == pytest.approx([4 + 92 * 1.0 / 2.5], abs=0.06)
    assert "\u22121.0" in html


def test_what_is_drawn_is_told_to_those_who_do_not_see_it():
    told = re.search(r'aria-label="([^"]+)"', strip(ROWS, "times", log=True))[1]
    assert told == "a &lt;b&gt;: 2.0 (1.0 to 4.0); c: 8.0 (4.0 to 16.0) times"


def test_ticks_do_not_run_into_each_other():
    for rows, log in ((ROWS, True), ({"x": Estimate(0.017, 0.010, 0.024, 5)}, False), (ROWS, False)):
        found = sorted(
            {float(x) for x in re.findall(r'strip-tick[^"]*" style="left:([\d.]+)%', strip(rows, "u", log=log))}
        )
        assert len(found) >= 2
        assert min(b - a for a, b in itertools.pairwise(found)) > 9


@pytest.mark.parametrize("bad", [Estimate(0.0, -1.0, 1.0, 3), Estimate(2.0, float("nan"), 3.0, 1)])
def test_what_has_no_place_on_the_axis_is_refused(bad):
    with pytest.raises(StudyError, match="strip of times: numbers must be finite, and above 0"):
        strip({"x": bad}, "times", log=True)
