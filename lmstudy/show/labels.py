"""Names beside the points of a scatter plot: each where it covers no other name, point or interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""
Floats = NDArray[np.float64]

RADII = (8, 14, 22, 32, 44, 58)
ANGLES = np.deg2rad([0, 180, 90, 270, 35, 145, 325, 215, 65, 115, 295, 245])
LEADER = 16
"""Points of distance from which a thin line leads from the name to its point."""
WIDTH, HEIGHT = 0.55, 1.15
"""Of a letter and of a line, in sizes of the font; browsers choose the font, so this is generous."""


def label_points(
    axes: Axes,
    points: Mapping[str, tuple[float, float]],
    colours: Mapping[str, str],
    bars: Sequence[tuple[tuple[float, float], tuple[float, float]]] = (),
    reserved: Sequence[Box] = (),
    fontsize: float = 8.5,
) -> None:
    """Write each name near its point, in its colour; `axes` must have its limits and scales.

    Args:
        axes: where.
        points: data coordinates by name.
        colours: by name.
        bars: intervals from one point to another, in data coordinates; names keep off them where they can.
        reserved: boxes that are taken, as shares of the axes.
        fontsize: in points.
    """
    figure: Any = axes.figure
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    frame = axes.get_window_extent()
    whole = (frame.x0 * scale, frame.y0 * scale, frame.x1 * scale, frame.y1 * scale)

    def place(of: tuple[float, float]) -> Floats:
        return np.asarray(axes.transData.transform(of)) * scale

    marks = {name: place(point) for name, point in points.items()}
    along = [
        one + (other - one) * t for a, b in bars for one, other in [(place(a), place(b))] for t in _steps(one, other)
    ]
    inside = [spot for spot in along if _inside(spot, whole)]
    obstacles = np.array([*marks.values(), *marks.values(), *inside]).reshape(-1, 2)  # a point counts twice
    taken = [_scaled(box, whole) for box in reserved]
    for name in sorted(marks, key=lambda one: -_crowd(marks[one], obstacles)):
        size = (len(name) * fontsize * WIDTH, fontsize * HEIGHT)
        options = [(_box(marks[name], size, r, a), r, a) for r, a in product(RADII, ANGLES)]
        box, radius, angle = min(options, key=lambda o: _price(o[0], taken, obstacles, whole) + o[1] / 12)
        taken.append(box)
        _write(axes, name, points[name], colours[name], (radius, float(angle)), fontsize)


def _write(
    axes: Axes, name: str, point: tuple[float, float], colour: str, offset: tuple[float, float], fontsize: float
) -> None:
    radius, angle = offset
    dx, dy = radius * math.cos(angle), radius * math.sin(angle)
    line = {"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4}
    axes.annotate(
        name, point, (dx, dy), textcoords="offset points", color=colour, fontsize=fontsize,
        ha="center" if abs(dx) < 1 else "left" if dx > 0 else "right",
        va="center" if abs(dy) < 1 else "bottom" if dy > 0 else "top",
        arrowprops=line if radius >= LEADER else None, annotation_clip=False,
    )  # fmt: skip


def _box(mark: Floats, size: tuple[float, float], radius: float, angle: float) -> Box:
    """The box of a name as `_write` puts it."""
    dx, dy = radius * math.cos(angle), radius * math.sin(angle)
    x, y = mark[0] + dx, mark[1] + dy
    left = x - size[0] / 2 if abs(dx) < 1 else x if dx > 0 else x - size[0]
    bottom = y - size[1] / 2 if abs(dy) < 1 else y if dy > 0 else y - size[1]
    return left, bottom, left + size[0], bottom + size[1]


def _price(box: Box, taken: Sequence[Box], obstacles: Floats, whole: Box) -> float:
    """What speaks against a place: other names most of all, then the edge, then points and intervals."""
    left, bottom, right, top = box
    covered = sum(
        max(0, min(right, b[2]) - max(left, b[0])) * max(0, min(top, b[3]) - max(bottom, b[1])) for b in taken
    )
    outside = max(0, whole[0] - left) + max(0, right - whole[2]) + max(0, whole[1] - bottom) + max(0, top - whole[3])
    x, y = obstacles.T
    hit = ((x > left - 3) & (x < right + 3) & (y > bottom - 3) & (y < top + 3)).sum()
    return float(3 * covered + 3 * outside + 2 * hit)


def _crowd(mark: Floats, obstacles: Floats) -> int:
    return int((np.abs(obstacles - mark).max(1) < 40).sum())


def _steps(one: Floats, other: Floats) -> Floats:
    """Shares of the way from one place to another, some six points apart."""
    length = float(np.hypot(*(other - one)))
    return np.linspace(0, 1, 2 + min(200, int(length / 6))) if math.isfinite(length) else np.empty(0)


def _inside(spot: Floats, whole: Box) -> bool:
    return bool(whole[0] <= spot[0] <= whole[2] and whole[1] <= spot[1] <= whole[3])


def _scaled(box: Box, whole: Box) -> Box:
    width, height = whole[2] - whole[0], whole[3] - whole[1]
    left, bottom, right, top = box
    return (
        whole[0] + left * width, whole[1] + bottom * height, whole[0] + right * width, whole[1] + top * height
    )  # fmt: skip
