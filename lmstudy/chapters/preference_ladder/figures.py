"""Figures of the chapter on preferences along the ladder."""

from __future__ import annotations

from matplotlib.figure import Figure

from lmstudy.chapters.preference_ladder.ladder import GRADED, Ladder, costs, fewer
from lmstudy.show.curves import curve_panels
from lmstudy.study.preference_ladder import COMPARED, REFERENCE

STEPS = "steps of training"


def gains(ladder: Ladder) -> Figure:
    """A panel a way of judging: how many times fewer faults than MLE each objective writes, by steps."""
    panels = {
        title: {name: fewer(ladder, name, key=key) for name in COMPARED if name != REFERENCE}
        for title, key in GRADED.items()
    }
    return curve_panels(
        panels, STEPS, "times fewer than MLE", columns=1, log_x=True, log_y=True,
        baselines={title: {"MLE": 1.0} for title in panels},
    )  # fmt: skip


def prices(ladder: Ladder) -> Figure:
    """What each objective costs in bits per byte, every decision charged, by steps."""
    found = {"": {name: costs(ladder, name) for name in COMPARED if name != REFERENCE}}
    return curve_panels(found, STEPS, "% more bits per byte than MLE", log_x=True, baselines={"": {"MLE": 0.0}})
