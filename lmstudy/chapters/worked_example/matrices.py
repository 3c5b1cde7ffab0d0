"""Matrices as grids of numbers, with the names of their rows and columns, in equations."""

import warnings
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lmstudy.show.numbers import number
from lmstudy.show.style import COLOURS, GREY

WIDTH = 7.2
Part = str | tuple[str, pd.DataFrame]
"""Of an equation: an operator, or a matrix with the name that stands below it."""


def allow_chinese() -> None:
    """Text stays text in an SVG and is drawn by the reader's fonts, so a glyph that is missing here is no fault."""
    warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")


def equations(
    rows: Sequence[Sequence[Part]], outlined: Mapping[str, Sequence[tuple[int, int]]] | None = None
) -> Figure:
    """Each row of matrices and operators as grids of numbers, blue above zero and orange below.

    Args:
        rows: the equations, all drawn at one scale.
        outlined: by name of a matrix, cells (row, column) to draw a frame around.
    """
    allow_chinese()
    widest = max(24.0, *(sum(map(_width, row)) + 0.3 for row in rows))
    heights = [max(len(part[1]) for part in row if not isinstance(part, str)) + 2.3 for row in rows]
    figure = plt.figure(figsize=(WIDTH, sum(heights) * WIDTH / widest * 0.85), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        x = 0.0
        for part in row:
            if isinstance(part, str):
                axes.text(x + _width(part) / 2, top + height / 2, part, ha="center", va="center", fontsize=11)
            else:
                _grid(axes, part[0], part[1], x, top + height / 2, (outlined or {}).get(part[0], ()))
            x += _width(part)
        top += height
    axes.set(xlim=(0, widest), ylim=(top, 0))
    axes.axis("off")
    return figure


def _width(part: Part) -> float:
    if isinstance(part, str):
        return 0.6 + 0.32 * len(part)
    return 1.5 * part[1].shape[1] + (1.9 if _labelled(part[1].index) else 0.2)


def _labelled(labels: pd.Index) -> bool:
    return any(str(label) for label in labels)


def _grid(axes: Axes, name: str, matrix: pd.DataFrame, x: float, middle: float, outlined: Sequence) -> None:
    rows, columns = matrix.shape
    left, top = x + (1.9 if _labelled(matrix.index) else 0.2), middle - rows / 2
    for r in range(rows):
        axes.text(left - 0.15, top + r + 0.5, str(matrix.index[r]), ha="right", va="center", fontsize=8.5, color=GREY)
        for c in range(columns):
            value = float(matrix.iloc[r, c])
            tint = min(0.45, 0.22 * abs(value)) if np.isfinite(value) else 0.0
            colour = COLOURS[0] if value > 0 else COLOURS[4]
            axes.add_patch(Rectangle((left + 1.5 * c, top + r), 1.5, 1, facecolor=(colour, tint), edgecolor="white"))
            axes.text(left + 1.5 * c + 0.75, top + r + 0.52, entry(value), ha="center", va="center", fontsize=8.5)
    for c in range(columns):
        label = str(matrix.columns[c])
        axes.text(left + 1.5 * c + 0.75, top - 0.35, label, ha="center", va="center", fontsize=8.5, color=GREY)
    for r, c in outlined:
        axes.add_patch(Rectangle((left + 1.5 * c, top + r), 1.5, 1, fill=False, edgecolor=COLOURS[1], linewidth=1.8))
    axes.add_patch(Rectangle((left, top), 1.5 * columns, rows, fill=False, edgecolor=GREY, linewidth=0.8))
    axes.text(left + 0.75 * columns, top + rows + 0.5, name, ha="center", va="center", fontsize=9.5)


def entry(value: float) -> str:
    """A whole number as one, any other with two decimals."""
    return number(value, decimals=0 if value == round(value) else 2)
