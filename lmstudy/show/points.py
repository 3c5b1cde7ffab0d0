"""Points with intervals, a line a name: alone, in several series side by side, in panels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.show.labels import plain_axis
from lmstudy.show.numbers import Interval, is_interval
from lmstudy.show.style import COLOURS, GREY, MARKERS

Series = Mapping[str, Interval]
Found = Series | Mapping[str, Series]
"""An estimate a name; or series of them, by what they are of: each name then has a point for every series."""

ROW, BETWEEN = 0.34, 0.2
"""Inches a row, and more for each series after the first."""
STRIP = 0.62
"""Rows that the word beside a vertical line takes above the first row."""


def points(found: Found, xlabel: str, **options: Any) -> Figure:
    """Estimates as points with their intervals, from the top: `point_panels` of a single panel, with its `options`."""
    return point_panels({"": found}, xlabel, **options)


def point_panels(
    panels: Mapping[str, Found],
    xlabel: str | Mapping[str, str],
    *,
    columns: int = 1,
    share: bool = True,
    lines: Mapping[str, float] | None = None,
    from_zero: bool = False,
    log: bool | Sequence[str] = False,
) -> Figure:
    """Estimates in a panel a title, below each other or in `columns`; panels side by side have the same rows.

    Args:
        panels: an estimate a name, or several series of them, by title; a series has one colour in all panels.
        xlabel: what is measured, its unit, and what the interval is; or one a title, of panels with axes of their own.
        columns: panels side by side.
        share: one scale for all panels; never where labels differ.
        lines: dashed vertical lines by the word beside them in the first panel of each row, as {"no difference": 0}.
        from_zero: the axis begins at zero.
        log: a logarithmic axis, or the titles with one.
    """
    by_series = {title: _by_series(found) for title, found in panels.items()}
    series = list(dict.fromkeys(one for found in by_series.values() for one in found))
    names = {title: list(dict.fromkeys(n for own in found.values() for n in own)) for title, found in by_series.items()}
    if columns > 1:
        together = list(dict.fromkeys(n for own in names.values() for n in own))
        names = dict.fromkeys(names, together)
    share = share and isinstance(xlabel, str)
    top = STRIP * len(lines or {})
    titles = list(by_series)
    down = -(-len(titles) // columns)
    inches = [
        (ROW + BETWEEN * (len(series) - 1))
        * (max(len(names[t]) for t in titles[r * columns : (r + 1) * columns]) + top)
        for r in range(down)
    ]
    below = 0.75 if not share or down == 1 else 0.35
    size = (7.2, sum(inches) + below * down + 0.4 + 0.3 * (titles != [""]) * down + 0.3 * (len(series) > 1))
    figure, grid = plt.subplots(
        down, columns, figsize=size, squeeze=False, sharex=share, sharey="row" if columns > 1 else False,
        height_ratios=inches, layout="constrained",
    )  # fmt: skip
    figure.get_layout_engine().set(hspace=0.04, h_pad=0.08)  # type: ignore[union-attr,call-arg]
    for number, (title, own) in enumerate(by_series.items()):
        axes = grid.flat[number]
        axes.set_title(title)
        if log is True or (log and title in log):
            axes.set_xscale("log")
        _rows(axes, own, names[title], series)
        axes.set_ylim(len(names[title]) - 0.5, -0.5 - top)
        for strip, (word, x) in enumerate((lines or {}).items()):
            axes.axvline(x, color=GREY, linewidth=1, linestyle="--", zorder=0)
            if number % columns == 0:
                _word(axes, word, x, -0.5 - top + STRIP * (strip + 0.5))
        if not isinstance(xlabel, str):
            axes.set_xlabel(xlabel[title])
        elif number + columns >= len(titles) and columns == 1:
            axes.set_xlabel(xlabel)
        if from_zero:
            axes.set_xlim(0, None)
    for axes in grid.flat[: len(titles)]:
        if axes.get_xscale() == "log":
            plain_axis(axes, "x")
    for unused in range(len(titles), grid.size):
        grid.flat[unused].set_visible(False)
        grid.flat[unused - columns].tick_params(labelbottom=True)
    if columns > 1 and isinstance(xlabel, str):
        figure.supxlabel(xlabel, fontsize="medium")
    if len(series) > 1:
        handles = [plt.Line2D([], [], **_look(k), linewidth=2.2, label=one) for k, one in enumerate(series)]
        figure.legend(handles=handles, loc="outside upper left", ncols=min(4, len(series)), frameon=False, fontsize=9)
    return figure


def _by_series(found: Any) -> Mapping[str, Series]:
    return {"": found} if all(is_interval(e) for e in found.values()) else found


def _look(number: int) -> dict[str, Any]:
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)], "markersize": 5.5}


def _rows(axes: Axes, found: Mapping[str, Series], names: Sequence[str], series: Sequence[str]) -> None:
    log = axes.get_xscale() == "log"
    drawn = [e.value for own in found.values() for e in own.values() if e.value > 0 or not log]
    least = min((x for x in drawn if math.isfinite(x)), default=1.0) / 10
    step = 0.62 / len(series)
    for number, one in enumerate(series):
        look = _look(number)
        for name, e in found.get(one, {}).items():
            y = names.index(name) + step * (number - (len(series) - 1) / 2)
            low = max(e.low, least) if log and math.isfinite(e.low) else e.low  # there is no zero on such an axis
            if math.isfinite(low) and math.isfinite(e.high):
                axes.plot([low, e.high], [y, y], color=look["color"], linewidth=2.2, solid_capstyle="butt")
            axes.plot(e.value, y, **look, linestyle="none")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)


def _word(axes: Axes, word: str, x: float, y: float) -> None:
    """Beside a vertical line, on the side where there is more room."""
    share = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))[0]
    shift, side = (-4, "right") if share > 0.5 else (4, "left")
    axes.annotate(word, (x, y), (shift, 0), textcoords="offset points", color=GREY, fontsize=8.5, va="center", ha=side)
