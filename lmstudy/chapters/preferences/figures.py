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

from lmstudy.show.labels import label_points, plain_axis
from lmstudy.show.numbers import number, percent
from lmstudy.show.style import COLOURS

Floats = NDArray[np.float64]
GOOD, BAD = COLOURS[0], COLOURS[1]
EDGES = (0.0, 0.01, 0.02, 0.04, 0.08, 1.0)
"""Of scores per character above 0."""
BIN = 0.2
"""Width of a bar, in points of the scale of ratings; bars end at the threshold."""
LONGEST = 40
"""Characters of a rule that are shown."""
ROOM = 1.25
"""Height of an axis, in its highest bar."""
LABEL = "#222222"


def rules(rates: pd.DataFrame, held_out: Sequence[str]) -> Figure:
    """[codes, packages] violations per 1,000 characters as shades; held-out packages in colour."""
    figure, axes = plt.subplots(figsize=(7.2, 0.25 * len(rates) + 1.5))
    norm = PowerNorm(0.5, vmin=0, vmax=float(rates.to_numpy().max()))
    mesh = axes.pcolormesh(rates, cmap="Blues", norm=norm, edgecolors="white", linewidth=1)
    for row, column in np.argwhere(rates.to_numpy() >= 0.95):
        value = rates.iloc[row, column]
        axes.text(
            column + 0.5, row + 0.5, f"{value:.0f}", ha="center", va="center", fontsize=7,
            color="white" if norm(value) > 0.55 else LABEL,
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
    _line(grid[1, 0], threshold, f"t = {number(threshold, 2)}", shares.max())
    grid[1, 0].set(xlabel="score: minus the mean rating", ylabel="% of snippets", title=title)
    title, scores = labels
    both = [100 * float((scores == value).mean()) for value in (0, 1)]
    grid[1, 1].bar([0, 1], both, width=0.6, color=[GOOD, BAD])
    _line(grid[1, 1], 0.5, "t = 0.5", max(both))
    grid[1, 1].set(xlabel="score: the label of its author", ylabel="% of sentences", title=title)
    grid[1, 1].set_xticks([0, 1], ["0 (positive)", "1 (negative)"])
    return figure


def _per_character(axes: Axes, title: str, scores: Floats) -> None:
    """No bar for the lines that score 0, since it would dwarf the others: their share is written in its place."""
    tail = 100 * np.histogram(scores[scores > 0], EDGES)[0] / len(scores)
    top = float(tail.max())
    axes.bar(range(1, len(tail) + 1), tail, width=0.8, color=BAD)
    good = f"{percent((scores == 0).mean())},\nnot\ndrawn"
    axes.text(0, 0.5 * top, good, ha="center", va="center", color=GOOD, fontsize=8.5)
    _line(axes, 0.5, "t = 0", top)
    names = ["0", *(f"≤ {high:g}" for high in EDGES[1:-1]), f"> {EDGES[-2]:g}"]
    axes.set_xticks(range(len(tail) + 1), names, fontsize=8.5)
    axes.set(xlabel="score, per character", ylabel="% of lines", title=title, xlim=(-0.7, len(tail) + 0.6))


def _line(axes: Axes, x: float, text: str, highest: float) -> None:
    axes.set_ylim(0, ROOM * highest)
    axes.axvline(x, color=LABEL, linestyle="--", linewidth=1)
    axes.annotate(text, (x, ROOM * highest), (4, 0), textcoords="offset points", va="top", fontsize=9)


def two_scorers(tables: Mapping[str, pd.DataFrame], units: Mapping[str, tuple[str, str]]) -> Figure:
    """Packages by what two scorers find in them per 1,000 characters, both on logarithmic axes; a panel a title.

    Args:
        tables: [packages, ("training", "held-out")] by title.
        units: what the two axes of each count.
    """
    figure, grid = plt.subplots(len(tables), 1, figsize=(7.2, 4.3 * len(tables)), squeeze=False)
    found = {title: table[(table > 0).all(axis=1)] for title, table in tables.items()}
    for axes, (title, table), colour in zip(grid[:, 0], found.items(), COLOURS, strict=False):
        axes.set(xscale="log", yscale="log", title=title, xlabel=units[title][0], ylabel=units[title][1])
        axes.plot(table["training"], table["held-out"], "o", color=colour, markersize=4.5)
        axes.set_xlim(table["training"].min() / 1.6, table["training"].max() * 2.2)
        axes.set_ylim(table["held-out"].min() / 1.6, table["held-out"].max() * 2.2)
        for side in ("x", "y"):
            plain_axis(axes, side)
    figure.draw_without_rendering()
    for axes, table in zip(grid[:, 0], found.values(), strict=True):
        points = {str(name): (row["training"], row["held-out"]) for name, row in table.iterrows()}
        label_points(axes, points, dict.fromkeys(points, LABEL), fontsize=8)
    return figure
