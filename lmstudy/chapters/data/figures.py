"""Figures of the chapter on data: effects of very different size, copies beside their control, unknown words, costs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.style import COLOURS, GREY

SMALL = 0.2
"""An effect is small if its interval ends below this share of the largest."""


def effects(values: Mapping[str, Estimate], xlabel: str) -> Figure:
    """Differences from zero with intervals; where some are small beside the largest, once more in a scale of theirs."""
    reach = {name: np.nanmax(np.abs([e.value, e.low, e.high])) for name, e in values.items()}
    small = {name for name in values if reach[name] < SMALL * max(reach.values())}
    panels = 2 if small and len(small) < len(values) else 1
    height = 0.42 * len(values) + 1.1
    figure, grid = plt.subplots(1, panels, figsize=(7.2, height), sharey=True, squeeze=False)
    _points(grid[0, 0], values, list(values))
    figure.supxlabel(xlabel, fontsize=10)
    if panels == 2:
        grid[0, 0].set_title("all")
        grid[0, 1].set_title("the small ones, enlarged")
        _points(grid[0, 1], values, [name for name in values if name in small])
    return figure


def _points(axes: Axes, values: Mapping[str, Estimate], shown: list[str]) -> None:
    for y, name in enumerate(values):
        if name not in shown:
            continue
        e = values[name]
        axes.plot([e.low, e.high], [y, y], color=COLOURS[0], linewidth=2.2, solid_capstyle="butt")
        axes.plot(e.value, y, "o", color=COLOURS[0], markersize=5.5)
    axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
    axes.set(yticks=range(len(values)), yticklabels=list(values))
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def copies(samples: Mapping[str, Estimate], people: Mapping[str, Estimate]) -> Figure:
    """Shares of samples that copy, and of people's held-out texts below each, in per cent."""
    figure, axes = plt.subplots(figsize=(7.2, 0.62 * len(samples) + 1.0))
    for shares, shift, colour, marker, label in (
        (samples, -0.14, COLOURS[0], "o", "samples of the model"),
        (people, 0.14, COLOURS[1], "s", "held-out text by people"),
    ):
        for y, e in enumerate(shares.values()):
            ends = [100 * e.low, 100 * e.high]
            axes.plot(ends, [y + shift] * 2, color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot(100 * e.value, y + shift, marker, color=colour, markersize=5.5, label=label if y == 0 else None)
    axes.set(yticks=range(len(samples)), yticklabels=list(samples))
    axes.set(xlabel="texts that hold a run of training text, % (95 % intervals)")
    axes.set_xlim(0, None)
    axes.set_ylim(len(samples) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=9)
    return figure


def unknown(curves: Mapping[str, Mapping[float, Estimate]], tokens: float) -> Figure:
    """Shares of what a closed vocabulary cannot say against its size (a logarithm), and the size of the tokenizer."""
    figure, axes = plt.subplots(figsize=(7.2, 3.4))
    for number, (name, points) in enumerate(curves.items()):
        x = sorted(points)
        values = [points[size].value for size in x]
        low, high = ([getattr(points[size], end) for size in x] for end in ("low", "high"))
        axes.fill_between(x, low, high, color=COLOURS[number], alpha=0.2, linewidth=0)
        axes.plot(x, values, color=COLOURS[number], marker="os"[number % 2], markersize=4.5, linewidth=1.8)
        axes.annotate(name, (x[0], values[0]), (4, 9), textcoords="offset points", color=COLOURS[number], fontsize=9.5)
    axes.axhline(0, color=COLOURS[2], linewidth=1.8)
    axes.text(x[0], 2.5, "byte pairs: nothing is unknown", color=COLOURS[2], fontsize=9.5)
    axes.axvline(tokens, color=GREY, linewidth=1, linestyle="--")
    axes.text(
        tokens * 1.04, 50, f"{tokens:,.0f},\nas many as there\nare tokens here", color=GREY, fontsize=8.5, va="center"
    )
    axes.set_xscale("log", base=2)
    axes.set_xticks(x, [f"{size:,}" for size in x])
    axes.minorticks_off()
    axes.set(ylim=(-2, 108), xlabel="words in the vocabulary", ylabel="% of the held-out split")
    return figure


def costs(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Processor seconds a million bytes of each step, a panel a corpus."""
    rows = max(len(table) for table in tables.values())
    figure, grid = plt.subplots(1, len(tables), figsize=(7.2, 0.27 * rows + 1.0), squeeze=False)
    for axes, (title, table) in zip(grid[0], tables.items(), strict=True):
        values = table["seconds a million bytes"]
        axes.barh(range(len(values)), values, color=COLOURS[0], height=0.62)
        for y, value in enumerate(values):
            axes.text(value, y, f" {value:.2g}", va="center", fontsize=8)
        axes.set(yticks=range(len(values)), title=title)
        axes.set_yticklabels(values.index, fontsize=8.5)
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_xlim(0, values.max() * 1.2)
        axes.tick_params(axis="y", length=0)
    figure.supxlabel("processor seconds for a million bytes of text", fontsize=10)
    return figure
