"""Figures of the chapter on reward models: single ratings, pair accuracies, a learning curve, reliability."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lmstudy.chapters.reward.accuracies import Point
from lmstudy.evaluation.rating_classes import Reliability
from lmstudy.evaluation.statistics import Estimate
from lmstudy.preferences.ratings import LEVELS, Ratings
from lmstudy.show.style import COLOURS, GREY

CHANCES = (0.5, 0.6, 0.7, 0.8, 0.9)
LARGEST = 420.0
"""Area of a dot that stands for everybody, in square points."""


def opinions(ratings: Ratings) -> Figure:
    """A line for each snippet: dots as large as the number of people who gave a rating, a triangle at the mean."""
    n = len(ratings)
    figure, axes = plt.subplots(figsize=(7.2, 0.72 * n + 0.9))
    for y in range(n):
        counts = ratings.counts[y]
        given = counts > 0
        axes.axhline(y, color=GREY, linewidth=0.5, alpha=0.5, zorder=0)
        area = LARGEST * counts[given] / counts.sum()
        axes.scatter(LEVELS[given], np.full(given.sum(), y), s=area, color=COLOURS[0], linewidth=0)
        for level, count, size in zip(LEVELS[given], counts[given], area, strict=True):
            place = (0, np.sqrt(size / np.pi) + 1.5)  # above the dot
            axes.annotate(
                str(count), (level, y), place, textcoords="offset points", ha="center", va="bottom", fontsize=8
            )
        axes.plot(ratings.means[y], y + 0.33, "^", color=COLOURS[1], markersize=6)
    names = ["\n".join(textwrap.wrap(" ".join(text.split()), 46)[:3]) for text in ratings.texts]
    axes.set_yticks(range(n), names, fontsize=8.5)
    axes.set(xlim=(-4.5, 4.5), ylim=(n - 0.4, -0.6), xticks=LEVELS)
    axes.set_xticklabels([f"{level:+d}" if level else "0" for level in LEVELS.tolist()])
    axes.set_xlabel("rating, with how many people gave it; triangle: mean")
    axes.tick_params(axis="y", length=0)
    return figure


Curve = tuple[Sequence[float], Sequence[Sequence[float]]]
"""Numbers of ratings, and for each the accuracies by seed."""


def learning_curves(curves: Mapping[str, Sequence[Point]], ridge: Curve, ceiling: Estimate) -> Figure:
    """Pair accuracy by the number of ratings, with intervals; ridge regression and the ceiling beside it."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    axes.axhspan(ceiling.low, ceiling.high, color=GREY, alpha=0.2, linewidth=0)
    axes.axhline(ceiling.value, color=GREY, linewidth=1)
    for number, (name, points) in enumerate(curves.items()):
        colour, marker = COLOURS[number], "os^"[number]
        x = [ratings for ratings, _ in points]
        axes.plot(x, [e.value for _, e in points], color=colour, marker=marker, markersize=6, linewidth=1.8, label=name)
        axes.vlines(x, [e.low for _, e in points], [e.high for _, e in points], color=colour, linewidth=2)
    steps, values = ridge
    means = np.mean(values, 1)
    axes.plot(steps, means, "D--", color=GREY, markersize=4.5, linewidth=1.4, label="ridge regression, fewer snippets")
    axes.set_xscale("log")
    axes.set_xlim(min(steps) * 0.8, max(steps) * 1.25)
    left = axes.get_xlim()[0] * 1.05
    axes.text(left, ceiling.high + 0.002, "ceiling: the other people's mean", color=GREY, fontsize=9)
    ticks = sorted({round(value, -3) for value in steps})
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="single ratings that were learned from (log scale)", ylabel="pair accuracy, unseen film snippets")
    axes.legend(frameon=False, loc="lower right")
    return figure


def reliability(raw: Sequence[Reliability], scaled: Sequence[Reliability]) -> Figure:
    """What pairs of snippets were said to be, and what they were: a line for each seed, before and after scaling."""
    figure, grid = plt.subplots(1, 2, figsize=(7.2, 3.8), sharey=True)
    for axes, of_seeds, title, colour in (
        (grid[0], raw, "As the loss left it", COLOURS[1]),
        (grid[1], scaled, "One factor, fitted on other snippets", COLOURS[0]),
    ):
        axes.plot([0.5, 1], [0.5, 1], color=GREY, linestyle="--", linewidth=1)
        for one, marker in zip(of_seeds, "os^Dv", strict=False):
            axes.plot(one.predicted, one.observed, marker=marker, color=colour, linewidth=1, markersize=4.5, alpha=0.8)
        axes.set(xlim=(0.5, 1), ylim=(0.5, 1), title=title, aspect="equal", xlabel="chance that the model gives")
        axes.set(xticks=CHANCES, yticks=CHANCES)
    grid[0].set_ylabel("how often people agree")
    grid[1].text(0.75, 0.69, "as often as it says", color=GREY, fontsize=8.5, rotation=45, rotation_mode="anchor")
    return figure
