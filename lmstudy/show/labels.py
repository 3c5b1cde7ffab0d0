"""Names in figures, each where it covers no other name, point or line; and numbers of logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from lmstudy.show.numbers import number

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""
Floats = NDArray[np.float64]

RADII = (8, 14, 22, 32, 44, 58)
ANGLES = np.deg2rad([0, 180, 90, 270, 35, 145, 325, 215, 65, 115, 295, 245])
LEADER = 16
"""Points of distance from which a thin line leads from the name to its point."""
WIDTH, HEIGHT = 0.55, 1.15
"""Of a letter and of a line, in sizes of the font; browsers choose the font, so this is generous."""
SMALL = 9.0
"""Size of the font of a label, in points."""


def plain_axis(axes: Axes, which: Literal["x", "y"], ticks: Sequence[float] | None = None) -> None:
    """Numbers as they are on a logarithmic axis: at 1, 2 and 5 times powers of ten, or at `ticks`."""
    axis = getattr(axes, f"{which}axis")
    low, high = sorted(axis.get_view_interval())
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.10f}".rstrip("0").rstrip(".")))
    if ticks is not None:
        axis.set_ticks(list(ticks), [number(int(x) if float(x).is_integer() else x) for x in ticks])
    else:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * max(low, 1e-9) else (1,)))


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
    """Names right of x, each at the end of its curve, moved apart where they would cover each other.

    A name that is moved has a thin line to its end. `axes` must have its limits and scales.

    Args:
        axes: where.
        x: the end of the curves, as a rule the right edge.
        ends: the last value of each curve; one that is not finite gets no name.
        colours: by name.
    """
    figure: Any = axes.figure
    figure.draw_without_rendering()  # the layout settles, so that the height of the axes is known
    ends = {name: end for name, end in ends.items() if math.isfinite(end)}
    frame, scale = axes.get_window_extent(), 72 / figure.dpi
    height = frame.height * scale
    own = [(axes.transData.transform((x, end))[1] - frame.y0) * scale for end in ends.values()]
    line = SMALL * HEIGHT
    places = spread(own, line)
    indent = 14 if any(abs(place - at) > line / 3 for at, place in zip(own, places, strict=True)) else 6
    for (name, end), at, place in zip(ends.items(), own, places, strict=True):
        moved = abs(place - at) > line / 3
        arrow = {"arrowstyle": "-", "color": colours[name], "linewidth": 0.6, "shrinkA": 1, "shrinkB": 1}
        axes.annotate(
            name, (x, end), (indent, place - at), textcoords="offset points", color=colours[name],
            va="center", fontsize=SMALL, annotation_clip=False,
            arrowprops={**arrow, "relpos": (0, 0.5)} if moved and 0 <= at <= height else None,
        )  # fmt: skip


def label_points(
    axes: Axes,
    points: Mapping[str, tuple[float, float]],
    colours: Mapping[str, str],
    bars: Sequence[tuple[tuple[float, float], tuple[float, float]]] = (),
    reserved: Sequence[Box] = (),
    fontsize: float = 8.5,
    *,
    drop: bool = False,
) -> None:
    """Write each name near its point, in its colour; `axes` must have its limits and scales.

    Args:
        axes: where.
        points: data coordinates by name.
        colours: by name.
        bars: intervals from one point to another, in data coordinates; names keep off them where they can.
        reserved: boxes that are taken, as shares of the axes.
        fontsize: in points.
        drop: leave out a name that has no free place beside its point, the first of `points` coming first; else every
            name is written, farther off and with a line to its point where it is crowded.
    """
    figure: Any = axes.figure
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    whole = axes.get_window_extent().extents * scale
    taken = [axes.transAxes.transform(np.reshape(box, (2, 2))).ravel() * scale for box in reserved]
    marks = {name: axes.transData.transform(point) * scale for name, point in points.items()}
    along = [spot for bar in bars for spot in _between(*axes.transData.transform(bar) * scale)]
    inside = [spot for spot in along if (whole[:2] <= spot).all() and (spot <= whole[2:]).all()]
    obstacles = np.array([*marks.values(), *marks.values(), *inside]).reshape(-1, 2)  # a point counts twice
    crowd = {name: (np.abs(obstacles - mark).max(1) < 40).sum() for name, mark in marks.items()}
    for name in marks if drop else sorted(marks, key=lambda one: -crowd[one]):
        size = (len(name) * fontsize * WIDTH, fontsize * HEIGHT)
        near = list(product((RADII[0] / 2,) if drop else RADII, ANGLES))
        shifts = [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in near]
        boxes = np.array([_box(marks[name], size, shift) for shift in shifts])
        prices = _prices(boxes, np.array(taken).reshape(-1, 4), obstacles, whole)
        best = int(np.argmin(prices + np.array([radius / 12 for radius, _ in near])))
        if drop and prices[best] > 0:
            continue
        taken.append(boxes[best])
        line = {"arrowstyle": "-", "color": colours[name], "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4}
        across, up = map(_side, shifts[best])
        axes.annotate(
            name, points[name], shifts[best], textcoords="offset points", color=colours[name], fontsize=fontsize,
            ha=("center", "left", "right")[across], va=("center", "bottom", "top")[up],
            arrowprops=line if near[best][0] >= LEADER else None, annotation_clip=False,
        )  # fmt: skip


def _side(shift: float) -> int:
    """Where a name stands on an axis: behind its point (1), before it (-1), or in line with it (0)."""
    return 0 if abs(shift) < 1 else 1 if shift > 0 else -1


def _box(mark: Floats, size: tuple[float, float], shift: tuple[float, float]) -> Box:
    """The box of a name that is shifted from its point."""
    left, bottom = (m + s - length * (1 - _side(s)) / 2 for m, s, length in zip(mark, shift, size, strict=True))
    return left, bottom, left + size[0], bottom + size[1]


def _prices(boxes: Floats, taken: Floats, obstacles: Floats, whole: Floats) -> Floats:
    """What speaks against each of [places, 4] boxes: other names most of all, then the edge, then [points, 2]."""
    left, bottom, right, top = boxes.T[:, :, None]
    x0, y0, x1, y1 = taken.T
    wide = np.clip(np.minimum(right, x1) - np.maximum(left, x0), 0, None)
    high = np.clip(np.minimum(top, y1) - np.maximum(bottom, y0), 0, None)
    beyond = (whole[0] - left, right - whole[2], whole[1] - bottom, top - whole[3])
    outside = sum(np.clip(part[:, 0], 0, None) for part in beyond)
    x, y = obstacles.T
    hit = (x > left - 3) & (x < right + 3) & (y > bottom - 3) & (y < top + 3)
    return np.asarray(3 * (wide * high).sum(1) + 3 * outside + 2 * hit.sum(1), dtype=float)


def _between(one: Floats, other: Floats) -> Floats:
    """[places, 2] on the way from one place to another, some six points apart."""
    length = float(np.hypot(*(other - one)))
    if not math.isfinite(length):
        return np.empty((0, 2))
    return one + (other - one) * np.linspace(0, 1, 2 + min(200, int(length / 6)))[:, None]
