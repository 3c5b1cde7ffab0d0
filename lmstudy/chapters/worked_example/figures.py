"""Figures of the worked example: matrices as labelled grids, activations as bars, learning, words as directions."""

import warnings
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, Wedge

from lmstudy.chapters.worked_example.printed import ENGLISH, PRINTED, STEPS, WORDS, shape
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
            axes.text(left + 1.5 * c + 0.75, top + r + 0.52, _number(value), ha="center", va="center", fontsize=8.5)
    for c in range(columns):
        label = str(matrix.columns[c])
        axes.text(left + 1.5 * c + 0.75, top - 0.35, label, ha="center", va="center", fontsize=8.5, color=GREY)
    for r, c in outlined:
        axes.add_patch(Rectangle((left + 1.5 * c, top + r), 1.5, 1, fill=False, edgecolor=COLOURS[1], linewidth=1.8))
    axes.add_patch(Rectangle((left, top), 1.5 * columns, rows, fill=False, edgecolor=GREY, linewidth=0.8))
    axes.text(left + 0.75 * columns, top + rows + 0.5, name, ha="center", va="center", fontsize=9.5)


def _number(value: float) -> str:
    text = f"{value:.0f}" if value == round(value) else f"{value:.2f}"
    return text.replace("-", "−")


def printed_products() -> Figure:
    """The three products as they are printed, each with the two sizes that would have to be equal."""
    rows: list[list[Part]] = []
    for step, matrix, vector, result in STEPS:
        left = PRINTED[matrix].T if matrix == "E" else PRINTED[matrix]  # printed as one row of five columns
        right, out = PRINTED[vector][:, None], PRINTED[result]
        name = step.replace(" ", "\n").ljust(14)
        factors: list[Part] = [
            (f"{matrix}, {shape(left)}", _bare(left)),
            "·",
            (f"{vector}, {len(right)}", _bare(right)),
        ]
        refused = f"  {left.shape[1]} ≠ {len(right)}  "
        printed = (f"printed, {shape(out)}", _bare(out if out.ndim == 2 else out[:, None]))
        rows.append([name, *factors, refused, printed])
    figure = equations(rows)
    for text in figure.axes[0].texts:
        if "≠" in text.get_text():
            text.set(color=COLOURS[1], weight="bold")
    return figure


def _bare(matrix: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(matrix, [""] * len(matrix), [""] * matrix.shape[1])


def activation_bars(table: pd.DataFrame) -> Figure:
    """What is printed for each word, and what a sigmoid and a softmax make of the same logits."""
    allow_chinese()
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH, 2.7), sharey=True)
    words = [word for word in table.index if word != "sum"]
    names = ("printed", "sigmoid", "softmax")
    for axes, name, colour in zip(panels, names, (GREY, COLOURS[1], COLOURS[0]), strict=True):
        bars = axes.bar(range(len(words)), table.loc[words, name], color=colour, width=0.7)
        axes.bar_label(bars, fmt="%.2f", fontsize=8.5, padding=2)
        axes.set(title=f"{name}, sum {table.loc['sum', name]:.2f}", xticks=range(len(words)), ylim=(0, 0.9))
        labels = [f"{word}\n{_number(table.loc[word, 'logits'])}" for word in words]
        axes.set_xticklabels(labels, fontsize=8.5)
        axes.tick_params(length=0)
    panels[0].set_ylabel("probability")
    panels[1].set_xlabel("word, and the logit that is printed for it")
    return figure


def learning(probabilities: np.ndarray, position: int, prefix: str, losses: np.ndarray) -> Figure:
    """Probability of each word at one position, and the loss, by step of gradient descent.

    `probabilities` has the shape (steps + 1, positions, words).
    """
    allow_chinese()
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=(1.7, 1))
    steps = np.arange(len(losses))
    for colour, style, word, values in zip(
        COLOURS, ("--", "-.", "-", ":", "-"), WORDS, probabilities[:, position].T, strict=False
    ):
        wanted = word == WORDS[2]
        left.plot(steps, values, style, color=colour, linewidth=2.2 if wanted else 1.3, label=f"{word} {ENGLISH[word]}")
    left.set(xlabel="step", ylabel=f"probability after {prefix}", ylim=(0, 1.02), xlim=(0, steps[-1]))
    left.legend(frameon=False, loc="center right", fontsize=8.5)
    right.plot(steps, losses, color=COLOURS[0])
    right.set(xlabel="step", ylabel="loss, nats a word", ylim=(0, None), xlim=(0, steps[-1]))
    return figure


def directions(panels: Mapping[str, tuple[np.ndarray, Sequence[tuple[str, np.ndarray]]]]) -> Figure:
    """Output vectors as arrows, and for each direction of the state the word that wins there.

    Each panel: title -> (output vectors V x 2, states with the word that should come next). Only a state's direction
    matters, so it is a dot on the rim, in the colour of its word. In a sector without colour words tie.
    """
    allow_chinese()
    figure, all_axes = plt.subplots(1, len(panels), figsize=(WIDTH, WIDTH / len(panels) + 0.25))
    for axes, (title, (vectors, states)) in zip(np.atleast_1d(all_axes), panels.items(), strict=True):
        size = 1.65 * max(float(np.linalg.norm(vectors, axis=1).max()), 0.5)
        _sectors(axes, vectors, 0.93 * size)
        _arrows(axes, vectors)
        for word, state in states:
            x, y = 0.93 * size * state / np.linalg.norm(state)
            axes.plot(x, y, "o", color=COLOURS[WORDS.index(word)], markeredgecolor="black", markersize=6.5)
        axes.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", title=title)
        axes.title.set_fontsize(9.5)
        axes.axis("off")
    return figure


def _arrows(axes: Axes, vectors: np.ndarray) -> None:
    placed: dict[tuple[float, float], list[str]] = {}
    for word, (x, y) in zip(WORDS, vectors.tolist(), strict=True):
        placed.setdefault((x, y), []).append(word)
    for (x, y), words in placed.items():
        colour = COLOURS[WORDS.index(words[0])]
        if x or y:
            axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.8})
        else:
            axes.plot(0, 0, "o", color=colour, markersize=6)
        away = np.array([x, y]) / np.hypot(x, y) * 9 if x or y else np.array([-12.0, -9.0])
        side = "left" if away[0] > 4 else "right" if away[0] < -4 else "center"
        text = " =\n".join(words)
        axes.annotate(text, (x, y), tuple(away), textcoords="offset points", ha=side, va="center", fontsize=9)


def _sectors(axes: Axes, vectors: np.ndarray, radius: float) -> None:
    """Shade the directions in which one word alone has the greatest logit, in the word's colour."""
    width = 0.5
    angles = np.arange(0, 360, width) + width / 2
    logits = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], 1) @ vectors.T
    ahead = logits >= logits.max(1, keepdims=True) - 1e-9
    winner = np.where(ahead.sum(1) == 1, ahead.argmax(1), -1)
    starts = np.flatnonzero(winner != np.roll(winner, 1))
    for first, after in zip(starts, np.roll(starts, -1), strict=True):
        if winner[first] >= 0:
            end = angles[after] + (360 if after <= first else 0)
            colour = COLOURS[winner[first]]
            axes.add_patch(
                Wedge((0, 0), radius, angles[first], end, facecolor=(colour, 0.2), edgecolor="white", zorder=-1)
            )
