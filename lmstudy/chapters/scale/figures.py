"""Figures of the chapter on scale."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lmstudy.chapters.scale.ladder import BITS, Ladder, frontier
from lmstudy.evaluation.scaling_law import Fit
from lmstudy.show.labels import SMALL, label_ends, plain_axis
from lmstudy.show.style import COLOURS, GREY, MARKERS
from lmstudy.study.compute import operations

MILLION = 1e6
TERA = 1e12
YLABEL = "bits per byte, packages never seen"
NEAR = 1.2
"""Lengths whose ratio is less are one length to a reader: trainings of equally many steps differ a little in tokens."""


def lengths(ladder: Ladder, lower: Fit) -> Figure:
    """Bits per byte against tokens, a line a rung as the law of the lower rungs has it, and every training as a point.

    The band of the highest rung is the forecast of one training.
    """
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    ends, colours = {}, {}
    tokens = sorted({one.metrics["train/tokens"] for own in ladder.values() for r in own.values() for one in r})
    smooth = np.geomspace(tokens[0], tokens[-1], 60)
    for number, (rung, own) in enumerate(ladder.items()):
        every = [one for records in own.values() for one in records]
        size, colour = every[0].metrics["parameters"], COLOURS[number]
        name = f"{size / MILLION:.2g} M parameters"
        curve = lower.law.loss(size, smooth)
        highest = rung == max(ladder)
        axes.plot(smooth / MILLION, curve, color=colour, linewidth=1.4, linestyle="--" if highest else "-")
        if highest:
            said = [lower.forecast(size, t) for t in smooth]
            low, high = [e.low for e in said], [e.high for e in said]
            axes.fill_between(smooth / MILLION, low, high, color=colour, alpha=0.18, linewidth=0)
        xs, ys = zip(*((one.metrics["train/tokens"] / MILLION, one.metrics[BITS]) for one in every), strict=True)
        axes.plot(xs, ys, MARKERS[number], color=colour, markersize=4.5)
        ends[name], colours[name] = float(curve[-1]), colour
    axes.set(xscale="log", xlabel="target tokens learned from, millions", ylabel=YLABEL)
    plain_axis(axes, "x", lengths_apart([round(t / MILLION, 2) for t in tokens]))
    axes.margins(x=0.02)
    label_ends(axes, axes.get_xlim()[1], ends, colours)
    return figure


def lengths_apart(values: Sequence[float]) -> list[float]:
    """Of rising numbers those that are far enough from the one kept before (see `NEAR`) to stand on an axis."""
    kept: list[float] = []
    for value in values:
        if not kept or value >= NEAR * kept[-1]:
            kept.append(value)
    return kept


def compute(ladder: Ladder, fit: Fit) -> Figure:
    """Bits per byte against arithmetic, a line a rung; dotted what the law says of the best size."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    every = [one for own in ladder.values() for records in own.values() for one in records]
    for number, own in enumerate(ladder.values()):
        means = {
            operations(records[0]) / TERA: np.mean([one.metrics[BITS] for one in records]) for records in own.values()
        }
        name, colour = f"{own[min(own)][0].metrics['parameters'] / MILLION:.2g} M parameters", COLOURS[number]
        axes.plot(list(means), list(means.values()), f"{MARKERS[number]}-", color=colour, markersize=4.5, linewidth=1.4)
        start = next(iter(means.items()))  # the curves end at different amounts, and start well apart
        axes.annotate(name, start, (6, 3), textcoords="offset points", color=colour, fontsize=SMALL)
    amounts = np.geomspace(min(map(operations, every)), max(map(operations, every)), 40)
    best = [frontier(fit, ladder, amount)[2] for amount in amounts]
    axes.plot(amounts / TERA, best, color=GREY, linewidth=1.2, linestyle=":")
    axes.set(xscale="log", xlabel="floating-point operations of the training, 10¹²", ylabel=YLABEL)
    plain_axis(axes, "x")
    told = "best size for each amount"
    label_ends(axes, axes.get_xlim()[1], {told: best[-1]}, {told: GREY})
    return figure
