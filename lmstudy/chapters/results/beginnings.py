"""What is left of a gain where texts go on from a held-out beginning, which the encoder reads."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.chapters.results.figures import axis_limits, gain_label, look, task_panels
from lmstudy.chapters.results.results import Results, improvements
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.labels import plain_axis

PROMPTED = "prompted/training"
"""Continuations of held-out beginnings, judged by the scorer of training."""
APART = 0.17
"""Distance of the two marks of an objective from its line, in lines."""


def beginnings(results: Mapping[str, Results]) -> Figure:
    """A panel a task, a line an objective: its gain over MLE from nothing (filled) and after a beginning (hollow)."""
    figure, panels = task_panels(len(results), 3.9)
    for axes, own in zip(panels, results.values(), strict=True):
        _panel(axes, own)
    return figure


def _panel(axes: Axes, own: Results) -> None:
    nothing, behind = improvements(own), improvements(own, PROMPTED)
    known = [e for found in (nothing, behind) for e in found.values() if math.isfinite(e.value)]
    null = float(own.counted)
    axes.set_xscale("log" if own.counted else "linear")
    axis_limits(axes.set_xlim, [*known, Estimate(null, math.nan, math.nan, 0)], own.counted)
    left, right = axes.get_xlim()
    axes.axvline(null, color="0.6", linewidth=1, linestyle="--", zorder=0)
    for line, name in enumerate(nothing):
        colour, marker = look(name)
        for e, place, filled in ((nothing[name], line - APART, True), (behind[name], line + APART, False)):
            if not math.isfinite(e.value):
                continue
            low, high = (min(max(end, left), right) if math.isfinite(end) else e.value for end in (e.low, e.high))
            axes.plot([low, high], [place, place], color=colour, linewidth=1.4, alpha=0.55, solid_capstyle="butt")
            inside = colour if filled else "white"
            axes.plot(e.value, place, marker, color=colour, markersize=6, markerfacecolor=inside, markeredgewidth=1.2)
    axes.set_yticks(range(len(nothing)), list(nothing))
    axes.set_ylim(len(nothing) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set(title=own.title, xlabel=gain_label(own))
    if own.counted:
        plain_axis(axes, "x")
