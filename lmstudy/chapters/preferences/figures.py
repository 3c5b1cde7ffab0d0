"""Figures of the chapter on preferences: rules by package, scores and thresholds, two scorers of the same packages."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lmstudy.show.labels import label_points
from lmstudy.show.style import COLOURS, GREY

Floats = NDArray[np.float64]
GOOD, BAD = COLOURS[0], COLOURS[1]
EDGES = (0.0, 0.01, 0.02, 0.04, 0.08, 1.0)
"""Of scores per character above 0."""
BIN = 0.2
"""Width of a bar, in points of the scale of ratings; bars end at the threshold."""
LONGEST = 40
"""Characters of a rule that are shown."""
ROOM = 1.25
"""Height of an axis, in its highest bar that is not cut."""


def rules(rates: pd.DataFrame, held_out: Sequence[str]) -> Figure:
    """[codes, packages] violations per 1,000 characters as shades; held-out packages in colour."""
    figure, axes = plt.subplots(figsize=(7.2, 0.25 * len(rates) + 1.5))
    norm = PowerNorm(0.5, vmin=0, vmax=float(rates.to_numpy().max()))
    mesh = axes.pcolormesh(rates, cmap="Blues", norm=norm, edgecolors="white", linewidth=1)
    for row, column in np.argwhere(rates.to_numpy() >= 0.95):
        value = rates.iloc[row, column]
        axes.text(
            column + 0.5, row + 0.5, f"{value:.0f}", ha="center", va="center", fontsize=7,
            color="white" if norm(value) > 0.55 else "#222222",
        )  # fmt: skip
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8)
    axes.set_yticks(
        np.arange(len(rates)) + 0.5, [textwrap.shorten(name, LONGEST, placeholder=" …") for name in rates.index]
    )
    axes.set_xticks(np.arange(rates.shape[1]) + 0.5, rates.columns, rotation=60, ha="left", rotation_mode="anchor")
    for label in axes.get_xticklabels():
        label.set_color(COLOURS[1] if label.get_text() in held_out else "black")
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(mesh, ax=axes, shrink=0.7, aspect=22, pad=0.02)
    bar.set_label("violations per 1,000 characters", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return figure


def thresholds(
    per_character: Mapping[str, Floats], ratings: tuple[str, Floats, float], labels: tuple[str, Floats]
) -> Figure:
    """Where the line is drawn: shares of segments by score, good and bad in colour, the threshold dashed.

    Args:
        per_character: [segments] scores whose threshold is 0, by title.
        ratings: title, [documents] scores from -4 to 4, threshold.
        labels: title, [documents] scores 0 and 1.
    """
    figure, grid = plt.subplots(2, 2, figsize=(7.2, 5.0))
    for axes, (title, scores) in zip(grid[0], per_character.items(), strict=True):
        _per_character(axes, title, scores)
    title, scores, threshold = ratings
    bins = threshold + 1e-6 + BIN * np.arange(np.ceil((-4 - threshold) / BIN) - 1, np.ceil((4 - threshold) / BIN) + 1)
    shares = 100 * np.histogram(scores, bins)[0] / len(scores)
    colours = np.where(bins[1:] <= threshold + 1e-5, GOOD, BAD)
    grid[1, 0].bar(bins[:-1], shares, width=BIN, align="edge", color=colours, edgecolor="white")
    _line(grid[1, 0], threshold, f"t = {threshold:g}", shares.max())
    grid[1, 0].set(xlabel="score: minus the mean rating", ylabel="% of snippets", title=title)
    title, scores = labels
    both = [100 * float((scores == value).mean()) for value in (0, 1)]
    grid[1, 1].bar([0, 1], both, width=0.6, color=[GOOD, BAD])
    _line(grid[1, 1], 0.5, "t = 0.5", max(both))
    grid[1, 1].set(xlabel="score: the label of its author", ylabel="% of sentences", title=title)
    grid[1, 1].set_xticks([0, 1], ["0 (positive)", "1 (negative)"])
    return figure


def _per_character(axes: Axes, title: str, scores: Floats) -> None:
    """The bar of the lines that score 0 is cut, since it would dwarf the others, and says so."""
    counts = np.histogram(scores[scores > 0], EDGES)[0]
    tail = 100 * counts / len(scores)
    zero = 100 * float((scores == 0).mean())
    top = ROOM * float(tail.max())
    axes.bar(range(len(tail) + 1), [min(zero, top), *tail], width=0.8, color=[GOOD] + [BAD] * len(tail))
    axes.text(0, 0.93 * top, f"{zero:.0f} %\n(cut)", ha="center", va="top", color="white", fontsize=8.5)
    axes.set_ylim(0, top)
    _line(axes, 0.5, "t = 0", top / ROOM)
    names = ["0", *(f"≤ {high:g}" for high in EDGES[1:-1]), f"> {EDGES[-2]:g}"]
    axes.set_xticks(range(len(tail) + 1), names, fontsize=8.5)
    axes.set(xlabel="score, per character", ylabel="% of lines", title=title)


def _line(axes: Axes, x: float, text: str, highest: float) -> None:
    axes.set_ylim(0, ROOM * highest)
    axes.axvline(x, color="#222222", linestyle="--", linewidth=1)
    axes.annotate(text, (x, ROOM * highest), (4, 0), textcoords="offset points", va="top", fontsize=9)


def two_scorers(tables: Mapping[str, pd.DataFrame], units: Mapping[str, tuple[str, str]]) -> Figure:
    """Packages by what two scorers find in them per 1,000 characters, both on logarithmic axes.

    Args:
        tables: [packages, ("training", "held-out")] by title.
        units: what the two axes of each count.
    """
    figure, grid = plt.subplots(1, len(tables), figsize=(7.2, 3.9))
    for axes, (title, table), colour in zip(np.atleast_1d(grid), tables.items(), COLOURS, strict=False):
        found = table[(table > 0).all(axis=1)]
        axes.set(xscale="log", yscale="log", title=title)
        axes.plot(found["training"], found["held-out"], "o", color=colour, markersize=4.5)
        for side in ("x", "y"):
            low, high = (getattr(found.iloc[:, "xy".index(side)], of)() for of in ("min", "max"))
            getattr(axes, f"set_{side}lim")(low / 1.6, high * 2.2)
            ticks = [tick for tick in (0.3, 1, 3, 10, 30) if low / 1.6 < tick < high * 2.2]
            getattr(axes, f"set_{side}ticks")(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel(units[title][0], fontsize=9)
        axes.set_ylabel(units[title][1], fontsize=9)
    figure.draw_without_rendering()
    for axes, table in zip(np.atleast_1d(grid), tables.values(), strict=True):
        found = table[(table > 0).all(axis=1)]
        points = {str(name): (row["training"], row["held-out"]) for name, row in found.iterrows()}
        label_points(axes, points, dict.fromkeys(points, GREY), fontsize=7.5)
    return figure
