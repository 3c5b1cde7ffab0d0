"""Figures of comparisons: learning curves, estimates and differences with intervals, what reading more is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.style import COLOURS, GREY

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Places for labels, in the order given, moved apart as little as makes neighbours `gap` distant."""
    order = np.argsort(places, kind="stable")
    moved = np.array(places, dtype=float)
    for _ in range(200):
        sorted_places = moved[order]
        overlap = gap - np.diff(sorted_places)
        if not len(overlap) or overlap.max() <= 1e-9 * gap:
            break
        push = np.clip(overlap, 0, None) / 2
        sorted_places[:-1] -= push
        sorted_places[1:] += push
        moved[order] = sorted_places
    return moved.tolist()


def label_ends(axes: Axes, x: float, ends: Mapping[str, float], colours: Mapping[str, str]) -> None:
    """Names at the right of curves that end at `ends`, apart from each other; `axes` must have its limits."""
    low, high = axes.get_ylim()
    log = axes.get_yscale() == "log"
    figure: Any = axes.figure
    inches = figure.get_size_inches()[1] * axes.get_position().height
    span = np.log(high / low) if log else high - low
    values = [np.log(v) if log else v for v in ends.values()]
    for name, place in zip(ends, spread(values, span * 0.17 / inches), strict=True):
        y = float(np.exp(place)) if log else place
        axes.annotate(
            name, (x, y), (6, 0), textcoords="offset points", color=colours[name], va="center", fontsize=9,
            annotation_clip=False,
        )  # fmt: skip


def arm_curves(
    arms: Mapping[str, Sequence[Record]], ylabel: str, key: str = "valid/bits_per_byte", top: float | None = None
) -> Figure:
    """A metric over training by the target tokens seen: a thin line for each seed, a thick one for their mean.

    `top` cuts off the steep beginning.
    """
    figure, axes = plt.subplots(figsize=(7.2, 3.8))
    ends, colours, last = {}, {}, 0.0
    for number, (name, records) in enumerate(arms.items()):
        colour = colours[name] = COLOURS[number % len(COLOURS)]
        steps = records[0].curves[key]["step"]
        values = np.array([record.curves[key]["value"] for record in records])
        budget: Any = records[0].config["budget"]
        tokens = np.array(steps) * records[0].metrics["train/tokens"] / budget["steps"] / 1e6
        for row in values:
            axes.plot(tokens, row, color=colour, linewidth=0.6, alpha=0.5)
        axes.plot(tokens, values.mean(0), color=colour, linewidth=2)
        ends[name], last = float(values.mean(0)[-1]), float(tokens[-1])
    axes.set(xlabel="target tokens seen, millions", ylabel=ylabel)
    if top is not None:
        axes.set_ylim(axes.get_ylim()[0], top)
    axes.set_xlim(0, last)
    label_ends(axes, last, ends, colours)
    return figure


def estimates(values: Mapping[str, Estimate], xlabel: str, zero: str | None = None) -> Figure:
    """Points with intervals, a line a name; with `zero`, a line at 0 and that word for it."""
    figure, axes = plt.subplots(figsize=(7.2, 0.36 * len(values) + 1.0))
    for y, estimate in enumerate(values.values()):
        axes.plot([estimate.low, estimate.high], [y, y], color=COLOURS[0], linewidth=2.2, solid_capstyle="butt")
        axes.plot(estimate.value, y, "o", color=COLOURS[0], markersize=5.5)
    axes.set(yticks=range(len(values)), yticklabels=list(values), xlabel=xlabel)
    axes.set_ylim(len(values) - 0.4, -0.7 if zero else -0.6)
    axes.tick_params(axis="y", length=0)
    if zero:
        axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
        axes.text(0, -0.7, f" {zero}", color=GREY, fontsize=8.5, va="bottom", ha="center")
    return figure


def curves_with_intervals(
    curves: Mapping[str, Mapping[float, Estimate]],
    xlabel: str,
    ylabel: str,
    log: bool = False,
    log_x: bool = False,
) -> Figure:
    """One curve a name with its interval at every point, labelled at its end."""
    figure, axes = plt.subplots(figsize=(7.2, 3.6))
    ends, colours, last = {}, {}, 0.0
    for number, (name, points) in enumerate(curves.items()):
        colour = colours[name] = COLOURS[number % len(COLOURS)]
        x = np.array(sorted(points))
        found = [points[key] for key in sorted(points)]
        values = np.array([e.value for e in found])
        axes.fill_between(x, [e.low for e in found], [e.high for e in found], color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, values, color=colour, marker=MARKERS[number % len(MARKERS)], markersize=4.5, linewidth=1.8)
        ends[name], last = float(values[-1]), max(last, float(x[-1]))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        axes.set_yscale("log")
    if log_x:
        axes.set_xscale("log")
        ticks = sorted({x for points in curves.values() for x in points})
        axes.set_xticks(ticks, [f"{x:,.0f}" for x in ticks])
        axes.minorticks_off()
    axes.set_xlim(None, last)
    label_ends(axes, last, ends, colours)
    return figure
