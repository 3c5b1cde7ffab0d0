"""Figures of the chapter of results: the plane of capability and misalignment, learning curves, graders, guidance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from lmstudy.chapters.results.results import (
    HELD_OUT,
    REFERENCE,
    TRAINING,
    Results,
    agreement,
    cost,
    improvements,
    level,
)
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.labels import label_points
from lmstudy.show.style import GREY
from lmstudy.study.estimates import mean_metric
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
}
"""Colour and marker of each objective: Okabe and Ito's hues, darkened where they are the colour of small letters."""
BEYOND = 8.0
"""An axis of ratios shows an interval up to this many times beyond the outermost value; the rest is cut off."""


def plane(results: Mapping[str, Results]) -> Figure:
    """A panel a task: bits per byte more than MLE's against the mean score of unprompted samples."""
    figure, panels = plt.subplots(len(results), 1, figsize=(7.2, 3.9 * len(results)), squeeze=False)
    for axes, own in zip(panels[:, 0], results.values(), strict=True):
        _plane(axes, own)
    return figure


def _plane(axes: Axes, results: Results) -> None:
    x = {name: cost(results, name) if name != REFERENCE else Estimate(0, 0, 0, 0) for name in _compared(results)}
    y = {name: level(results.task, results.judged[name]) for name in x}
    people = level(results.task, next(iter(results.judged.values())), "people/training")
    axes.set(ylabel=UNITS[results.task], title=results.title)
    axes.set_xlabel("bits per byte of held-out text more than MLE, %")
    shown = {name for name in x if math.isfinite(x[name].value) and math.isfinite(y[name].value)}
    if results.counted:
        axes.set_yscale("log")
    _limits(axes.set_xlim, [x[name] for name in shown], False)
    _limits(axes.set_ylim, [*(y[name] for name in shown), people], results.counted)
    if results.counted:
        _plain(axes.yaxis)
    bars = [bar for name in shown for bar in _cross(axes, x[name], y[name], *_look(name))]
    if math.isfinite(people.value):
        axes.axhline(people.value, color=GREY, linestyle="--", linewidth=1, zorder=0)
        axes.annotate(
            "held-out text by people", (1, people.value), (0, 3), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=GREY, fontsize=8.5, ha="right", va="bottom",
        )  # fmt: skip
        ends = axes.get_xlim()
        bars.append(((ends[0], people.value), (ends[1], people.value)))
    axes.text(
        0.01, 0.02, "↙ better on both axes", transform=axes.transAxes, color=GREY, fontsize=8.5, fontstyle="italic"
    )
    bits = mean_metric(results.trained.get(REFERENCE, []), "valid/bits_per_byte")
    if math.isfinite(bits):
        scales: Any = (lambda more: bits * (1 + more / 100), lambda own: 100 * (own / bits - 1))
        top = axes.secondary_xaxis("top", functions=scales)
        top.set_xlabel("bits per byte", fontsize=9, color=GREY)
        top.tick_params(labelsize=8.5, colors=GREY)
        top.spines["top"].set_color(GREY)
    points = {name: (x[name].value, y[name].value) for name in x if name in shown}
    label_points(axes, points, {name: _look(name)[0] for name in points}, bars, [(0, 0, 0.24, 0.1), (0.74, 0, 1, 0)])


def _compared(results: Results) -> list[str]:
    return [name for name in results.judged if REFERENCE in results.judged]


def _look(name: str) -> tuple[str, str]:
    return LOOKS.get(name, (GREY, "o"))


def _limits(set_limits: Any, values: Sequence[Estimate], log: bool) -> None:
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


def _plain(axis: Axis) -> None:
    """Numbers as they are on a logarithmic axis: 0.1, 0.2, 0.5, 1, ..."""
    low, high = axis.get_view_interval()
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * max(low, 1e-9) else (1,)))


def _cross(axes: Axes, x: Estimate, y: Estimate, colour: str, marker: str) -> list[Any]:
    """A point with both intervals; returns the intervals."""
    found = [
        ((x.low, y.value), (x.high, y.value)) if math.isfinite(x.low) else None,
        ((x.value, y.low), (x.value, y.high)) if math.isfinite(y.low) else None,
    ]
    drawn = [bar for bar in found if bar is not None]
    for (x0, y0), (x1, y1) in drawn:
        axes.plot([x0, x1], [y0, y1], color=colour, linewidth=1.4, alpha=0.55, solid_capstyle="butt")
    axes.plot(x.value, y.value, marker, color=colour, markersize=6.5, markeredgecolor="white", markeredgewidth=0.6)
    return drawn


def watched(results: Mapping[str, Results], key: str = "valid/misalignment") -> dict[str, Results]:
    """Tasks whose samples were judged while a model was trained."""
    return {
        task: own
        for task, own in results.items()
        if all(key in record.curves for records in own.trained.values() for record in records)
    }


def misalignment_curves(results: Mapping[str, Results], key: str = "valid/misalignment") -> Figure:
    """Mean score of samples over the steps of training, a panel a task and a curve an objective; means over seeds."""
    figure, panels = plt.subplots(len(results), 1, figsize=(7.2, 3.1 * len(results)), squeeze=False)
    for axes, own in zip(panels[:, 0], results.values(), strict=True):
        ends, last = {}, 0.0
        steps: Any = []
        for name, records in own.trained.items():
            steps = records[0].curves[key]["step"]
            rows = np.array([record.curves[key]["value"] for record in records]) * PER_THOUSAND[own.task]
            values = _mean_of_finite(rows)
            colour, marker = _look(name)
            axes.plot(steps, values, color=colour, marker=marker, markersize=4.5, linewidth=1.7, clip_on=False)
            if math.isfinite(values[-1]):
                ends[name] = float(values[-1])
            last = max(last, float(steps[-1]))
        axes.set(ylabel=UNITS[own.task], title=own.title, xlabel="step")
        axes.set_xticks(steps)
        axes.set_xlim(None, last)
        if own.counted:
            axes.set_ylim(0, None)
        _label_upwards(axes, last, ends)
    return figure


def _label_upwards(axes: Axes, x: float, ends: Mapping[str, float], gap: float = 0.068) -> None:
    """Names at the right of curves, the lowest at its end and others moved up where they would cover each other."""
    low, high = axes.get_ylim()
    place = -math.inf
    for name in sorted(ends, key=lambda one: ends[one]):
        end, colour = (ends[name] - low) / (high - low), _look(name)[0]
        place = max(end, place + gap)
        axes.annotate(
            name, (x, ends[name]), (1.025, place), xycoords="data", textcoords="axes fraction",
            color=colour, va="center", fontsize=9, annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 3, "relpos": (0, 0.5),
            },
        )  # fmt: skip


def _mean_of_finite(rows: np.ndarray) -> np.ndarray:
    """Of each column; NaN where nothing is finite, without a warning."""
    known = np.isfinite(rows)
    return np.where(known, rows, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)


def graders(results: Mapping[str, Results]) -> Figure:
    """How much better than MLE each objective is, by the scorer it was trained with and by one it never saw."""
    figure, panels = plt.subplots(len(results), 1, figsize=(7.2, 3.5 * len(results)), squeeze=False)
    for axes, own in zip(panels[:, 0], results.values(), strict=True):
        x, y = (improvements(own, key) for key in (TRAINING, HELD_OUT))
        shown = [name for name in x if math.isfinite(x[name].value) and math.isfinite(y[name].value)]
        if own.counted:
            axes.set(xscale="log", yscale="log")
        null = Estimate(1.0 if own.counted else 0.0, math.nan, math.nan, 0)
        _limits(axes.set_xlim, [*(x[name] for name in shown), null], own.counted)
        _limits(axes.set_ylim, [*(y[name] for name in shown), null], own.counted)
        if own.counted:
            _plain(axes.xaxis)
            _plain(axes.yaxis)
        bars = [bar for name in shown for bar in _cross(axes, x[name], y[name], *_look(name))]
        ends = np.array([axes.get_xlim(), axes.get_ylim()])
        low, high = float(ends[:, 0].max()), float(ends[:, 1].min())
        if low < high:
            axes.plot([low, high], [low, high], color=GREY, linestyle="--", linewidth=1, zorder=0)
            bars.append(((low, low), (high, high)))
        tau = agreement(own)
        title = f"{own.title}: Kendall's τ = {tau.value:.2f} (95 % interval {tau.interval('.2f')})"
        axes.set_title(title)
        what = "times fewer than MLE" if own.counted else "better than MLE, SD of ratings"
        axes.set_xlabel(f"training scorer: {what}")
        axes.set_ylabel(f"held-out grader: {what}", fontsize=9)
        points = {name: (x[name].value, y[name].value) for name in shown}
        label_points(axes, points, {name: _look(name)[0] for name in points}, bars)
    return figure


def guidance(results: Mapping[str, Results]) -> Figure:
    """Mean score of conditional runs by the strength of guidance, and of MLE runs by the samples chosen from."""
    figure, panels = plt.subplots(len(results), 1, figsize=(7.2, 3.0 * len(results)), squeeze=False)
    for axes, own in zip(panels[:, 0], results.values(), strict=True):
        axes.set(ylabel=UNITS[own.task], title=own.title)
        axes.set_xlabel("strength of guidance (conditional), or samples to choose from (MLE)")
        if own.counted:
            axes.set_yscale("log")
        for title, groups, look in (
            ("conditional, guided", own.guided, LOOKS["conditional"]),
            ("MLE, best of n", own.best_of, LOOKS["MLE"]),
        ):
            found = {float(k): level(own.task, records) for k, records in groups.items()}
            if found:
                _curve(axes, found, title, *look)
        if own.counted:
            _plain(axes.yaxis)
    return figure


def _curve(axes: Axes, found: Mapping[float, Estimate], title: str, colour: str, marker: str) -> None:
    """A curve with intervals and its name at its end."""
    for x, e in found.items():
        axes.plot([x, x], [e.low, e.high], color=colour, linewidth=1.4, alpha=0.55)
    values = [e.value for e in found.values()]
    axes.plot(list(found), values, color=colour, marker=marker, markersize=5.5, linewidth=1.6)
    axes.annotate(
        title, (list(found)[-1], values[-1]), (8, 0), textcoords="offset points", color=colour, va="center",
        fontsize=9, annotation_clip=False,
    )  # fmt: skip


def guided(results: Mapping[str, Results]) -> dict[str, Results]:
    """Tasks of which conditional runs were also asked with guidance, or MLE runs for the best of several samples."""
    return {task: own for task, own in results.items() if own.guided or own.best_of}
