"""Figures of the chapter of results: the plane of capability and misalignment, graders, learning, and decoding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.chapters.results.results import (
    REFERENCE,
    Results,
    agreement,
    cost,
    improvements,
    level,
    single,
)
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.curves import curve_panels
from lmstudy.show.labels import label_points, plain_axis
from lmstudy.show.live import live
from lmstudy.show.numbers import written
from lmstudy.show.plane import Axis, Point
from lmstudy.show.plane import plane as html_plane
from lmstudy.show.points import point_panels
from lmstudy.show.style import GREY
from lmstudy.study.estimates import BITS, GRADERS
from lmstudy.study.preferences import PER_THOUSAND, UNITS

LOOKS: dict[str, tuple[str, str]] = {
    "MLE": ("#4D4D4D", "o"),
    "filtering": ("#B07700", "s"),
    "conditional": ("#0072B2", "D"),
    "conditional, cooldown": ("#2E8BC0", "d"),
    "selective": ("#007A59", "^"),
    "unlikelihood": ("#B0558A", "v"),
    "RWR": ("#D55E00", "P"),
    "AWR": ("#A63D00", "X"),
    "rewriting": ("#5B5EA6", "p"),
    "conditional, rewriting": ("#1F6F8B", "h"),
}
"""Colour and marker of each objective: Okabe and Ito's hues, darkened where they are the colour of small letters."""
BEYOND = 8.0
"""An axis of ratios shows an interval up to this many times beyond the outermost value; the rest is cut off."""
MORE_BITS = f"% more than MLE in {BITS}"
"""Of held-out text."""
WATCHED = "valid/misalignment"
"""Scores of samples while a model is trained."""
PEOPLE = "held-out text by people"


def plane(results: Mapping[str, Results]) -> Figure:
    """A panel a task: bits per byte more than MLE's against the mean score of unprompted samples."""
    figure, panels = task_panels(len(results), 4.1)
    for axes, own in zip(panels, results.values(), strict=True):
        names = own.judged if REFERENCE in own.judged else ()
        x = {name: cost(own, name) if name != REFERENCE else Estimate(0, 0, 0, 0) for name in names}
        y = {name: level(own.task, own.judged[name]) for name in x}
        people = level(own.task, next(iter(own.judged.values())), "people/training").value
        axes.set(xlabel=MORE_BITS, ylabel=UNITS[own.task], title=own.title)
        bars = _points(axes, x, y, (False, own.counted), (math.nan, people))
        if math.isfinite(people):
            axes.axhline(people, color=GREY, linestyle="--", linewidth=1, zorder=0)
            axes.annotate(
                PEOPLE, (1, people), (0, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", color=GREY, fontsize=8.5, ha="right", va="bottom",
            )  # fmt: skip
            bars.append(tuple((end, people) for end in axes.get_xlim()))
        _names(axes, x, y, bars)
    return figure


def plane_of_points(own: Results, *, seeds: bool = False) -> str:
    """The plane of one task as HTML, whose points say their numbers when they are pointed at; "" where none is known.

    Args:
        own: runs of the task.
        seeds: with the single runs behind each point.
    """
    points = {
        name: Point(
            Estimate(0, 0, 0, 0) if name == REFERENCE else cost(own, name),
            level(own.task, own.judged[name]),
            look(name)[0],
            single(own, name) if seeds else {},
        )
        for name in own.judged
        if REFERENCE in own.judged
    }
    known = {name: p for name, p in points.items() if math.isfinite(p.x.value) and math.isfinite(p.y.value)}
    people = level(own.task, next(iter(own.judged.values())), "people/training").value
    right = Axis(MORE_BITS, signed=True, line=0.0)
    up = Axis(UNITS[own.task], log=own.counted, line=people if math.isfinite(people) else None, says=PEOPLE)
    return html_plane(known, right, up) if known else ""


def live_plane(results: Mapping[str, Results]) -> str:
    """The planes of all tasks with controls, by a script that puts them in the place of the figure above."""
    planes = {own.title: plane_of_points(own, seeds=True) for own in results.values()}
    panels = [
        f'<div class="live-panel" data-task="{title}"><div class="live-panel-title">{title}</div>{drawn}</div>'
        for title, drawn in planes.items()
        if drawn
    ]
    return live("plane", "".join(panels)) if panels else ""


def task_panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """Below each other, far enough apart for their titles."""
    figure, grid = plt.subplots(count, 1, figsize=(7.2, height * count), squeeze=False, layout="constrained")
    figure.get_layout_engine().set(hspace=0.06, h_pad=0.1)  # type: ignore[union-attr,call-arg]
    return figure, list(grid[:, 0])


def graders(results: Mapping[str, Results]) -> Figure:
    """How much better than MLE each objective is, by the scorer it was trained with and by one it never saw."""
    figure, panels = task_panels(len(results), 3.6)
    for axes, own in zip(panels, results.values(), strict=True):
        x, y = (improvements(own, key) for key in GRADERS.values())
        null = float(own.counted)
        bars = _points(axes, x, y, (own.counted, own.counted), (null, null))
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        low, high = max(left, bottom), min(right, top)
        if low < high:
            axes.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=1, zorder=0)
            bars.append(((low, low), (high, high)))
        what = gain_label(own).partition(" (")[0]
        title = f"{own.title}: Kendall's τ {written(agreement(own), decimals=2)}"
        axes.set(title=title, xlabel=f"training scorer: {what}")
        axes.set_ylabel(f"{own.second}: {what}", fontsize=9)
        _names(axes, x, y, bars)
    return figure


def gain_label(own: Results) -> str:
    """What an axis of gains over MLE shows: a ratio that is 1 where both score alike, or a difference."""
    return "MLE's score ÷ own (1: as many as MLE)" if own.counted else "better than MLE, SD of ratings"


def _points(
    axes: Axes,
    x: Mapping[str, Estimate],
    y: Mapping[str, Estimate],
    log: tuple[bool, bool],
    also: tuple[float, float],
) -> list[Any]:
    """Draws what is known of both with intervals on both axes, and returns these; by axis `log`, and what to show."""
    shown = [name for name in x if math.isfinite(x[name].value) and math.isfinite(y[name].value)]
    for which, found, value, logarithmic in zip("xy", (x, y), also, log, strict=True):
        axes.set(**{f"{which}scale": "log" if logarithmic else "linear"})
        estimates = [*(found[name] for name in shown), Estimate(value, math.nan, math.nan, 0)]
        axis_limits(getattr(axes, f"set_{which}lim"), estimates, logarithmic)
        if logarithmic:
            plain_axis(axes, which)  # type: ignore[arg-type]
    bars: list[Any] = []
    for name in shown:
        (a, b), (colour, marker) = (x[name], y[name]), look(name)
        for bar in (((a.low, b.value), (a.high, b.value)), ((a.value, b.low), (a.value, b.high))):
            if np.isfinite(bar).all():
                bars.append(bar)
                axes.plot(*zip(*bar, strict=True), color=colour, linewidth=1.4, alpha=0.55, solid_capstyle="butt")
        axes.plot(a.value, b.value, marker, color=colour, markersize=6.5, markeredgecolor="white", markeredgewidth=0.6)
    return bars


def _names(axes: Axes, x: Mapping[str, Estimate], y: Mapping[str, Estimate], bars: Sequence[Any]) -> None:
    places = {name: (x[name].value, y[name].value) for name in x}
    known = {name: place for name, place in places.items() if np.isfinite(place).all()}
    label_points(axes, known, {name: look(name)[0] for name in known}, bars)


def look(name: str) -> tuple[str, str]:
    return LOOKS.get(name, (GREY, "o"))


def axis_limits(set_limits: Any, values: Sequence[Estimate], log: bool) -> None:
    """Limits that show every value, and of every interval as much as does not squeeze the values together."""
    finite = [e for e in values if math.isfinite(e.value)]
    if not finite:
        return
    low, high = min(e.value for e in finite), max(e.value for e in finite)
    ends = [end for e in finite for end in (e.low, e.high) if math.isfinite(end)]
    bottom, top = min([low, *ends]), max([high, *ends])
    if log:
        set_limits(max(bottom, low / BEYOND) / 1.5, min(top, high * BEYOND) * 1.5)
        return
    span = (high - low) or abs(high) or 1.0
    bottom, top = max(bottom, low - span), min(top, high + span)
    set_limits(bottom - 0.1 * (top - bottom or span), top + 0.12 * (top - bottom or span))


def misalignment_curves(results: Mapping[str, Results]) -> Figure | None:
    """Mean score of samples over the steps of training, a panel a task and a curve an objective; means over seeds.

    Of the tasks whose samples were judged while models learned; None without any.
    """
    watched = [
        own
        for own in results.values()
        if all(WATCHED in record.curves for records in own.trained.values() for record in records)
    ]
    if not watched:
        return None
    panels = {
        own.title: {name: _course(records, PER_THOUSAND[own.task]) for name, records in own.trained.items()}
        for own in watched
    }
    units, zero = {own.title: UNITS[own.task] for own in watched}, all(own.counted for own in watched)
    colours = {name: colour for name, (colour, _) in LOOKS.items()}
    return curve_panels(panels, "step", units, from_zero=zero, colours=colours)


def _course(records: Sequence[Record], scale: float) -> dict[float, float]:
    """Means over seeds by step, of what is finite."""
    rows = np.array([record.curves[WATCHED]["value"] for record in records], dtype=float) * scale
    means = np.ma.masked_invalid(rows).mean(0).filled(math.nan)
    return dict(zip(records[0].curves[WATCHED]["step"], means.tolist(), strict=True))


def guidance(results: Mapping[str, Results]) -> Figure | None:
    """Mean score of conditional runs by the strength of guidance, and of MLE runs by the samples chosen from.

    A row of a single seed has no interval: one of texts alone would look surest. None where nothing was measured.
    """
    panels = {}
    guided = [own for own in results.values() if own.asked]
    for own in guided:
        found = {f"{name} ({len(records)})": level(own.task, records) for name, records in own.asked.items()}
        panels[own.title] = {
            name: e if e.n > 1 else replace(e, low=math.nan, high=math.nan) for name, e in found.items()
        }
    units, counted = {own.title: UNITS[own.task] for own in guided}, [own.title for own in guided if own.counted]
    return point_panels(panels, units, log=counted) if panels else None
