"""Figures of the chapter on reward models: a learning curve, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lmstudy.chapters.reward.reward import Point
from lmstudy.evaluation.rating_classes import Reliability
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.labels import plain_axis
from lmstudy.show.style import COLOURS, GREY, MARKERS

CHANCES = (0.5, 0.6, 0.7, 0.8, 0.9)
Curve = tuple[Sequence[float], Sequence[Sequence[float]]]
"""Numbers of ratings, and for each the accuracies by seed."""


def learning_curves(curves: Mapping[str, Sequence[Point]], ridge: Curve, ceiling: Estimate) -> Figure:
    """Pair accuracy by the number of ratings, with intervals; ridge regression and the ceiling beside it."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    axes.axhspan(ceiling.low, ceiling.high, color=GREY, alpha=0.2, linewidth=0)
    axes.axhline(ceiling.value, color=GREY, linewidth=1)
    for number, (name, points) in enumerate(curves.items()):
        look: dict[str, Any] = {"color": COLOURS[number], "marker": MARKERS[number], "markersize": 6, "linewidth": 1.8}
        half = [e.high - e.value for _, e in points]
        axes.errorbar([x for x, _ in points], [e.value for _, e in points], half, label=name, elinewidth=2, **look)
    steps, values = ridge
    means = np.mean(values, 1)
    axes.plot(steps, means, "D--", color=GREY, markersize=4.5, linewidth=1.4, label="ridge regression, fewer snippets")
    axes.set(xscale="log", xlim=(min(steps) * 0.8, max(steps) * 1.25))
    axes.set(xlabel="single ratings in training (log scale)", ylabel="pair accuracy, unseen film snippets")
    axes.text(min(steps) * 0.84, ceiling.high + 0.002, "ceiling: the other people's mean", color=GREY, fontsize=9)
    plain_axis(axes, "x", sorted({round(value, -3) for value in steps}))
    axes.legend(frameon=False, loc="lower right")
    return figure


def reliability(raw: Sequence[Reliability], scaled: Sequence[Reliability]) -> Figure:
    """What pairs of snippets were said to be, and what they were: a line for each seed, before and after scaling."""
    figure, grid = plt.subplots(1, 2, figsize=(7.2, 3.8), sharey=True)
    for axes, of_seeds, title, colour in (
        (grid[0], raw, "As trained", COLOURS[1]),
        (grid[1], scaled, "Scaled by one fitted factor", COLOURS[0]),
    ):
        axes.plot([0.5, 1], [0.5, 1], color=GREY, linestyle="--", linewidth=1)
        for one, marker in zip(of_seeds, "os^Dv", strict=False):
            axes.plot(one.predicted, one.observed, marker=marker, color=colour, linewidth=1, markersize=4.5, alpha=0.8)
        axes.set(xlim=(0.5, 1), ylim=(0.5, 1), title=title, aspect="equal", xlabel="probability that the model gives")
        axes.set(xticks=CHANCES, yticks=CHANCES)
    grid[0].set_ylabel("how often people agree")
    grid[1].text(0.75, 0.69, "calibrated", color=GREY, fontsize=8.5, rotation=45, rotation_mode="anchor")
    return figure
