"""Snippets with every single rating that people gave them: which are telling, and a figure of them."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lmstudy.preferences.ratings import LEVELS, Ratings
from lmstudy.show.numbers import number
from lmstudy.show.style import COLOURS, GREY

SHORT = (25, 115)
"""Characters of a snippet that fits a line or two of a figure."""
LARGEST = 420.0
"""Area of a dot that stands for everybody, in square points."""


def spreads(ratings: Ratings) -> NDArray[np.float64]:
    """[texts] standard deviation of the ratings of each: how far people disagree."""
    squares = ratings.counts @ LEVELS**2 / ratings.counts.sum(1)
    return np.sqrt(np.maximum(squares - ratings.means**2, 0))


def telling(ratings: Ratings) -> Ratings:
    """Five short snippets: the most agreed upon of the good, the middling and the bad, and the two most disputed."""
    lengths = np.array([len(text) for text in ratings.texts])
    short = ratings.select((lengths >= SHORT[0]) & (lengths <= SHORT[1]) & (ratings.counts.sum(1) >= 15))
    spread, mean = spreads(short), short.means
    wanted = (mean > 2, np.abs(mean) < 0.5, mean < -2)
    agreed = [int(np.where(of, spread, np.inf).argmin()) for of in wanted]
    disputed = [one for one in np.argsort(-spread).tolist() if one not in agreed][:2]
    chosen = np.array([*agreed, *disputed])
    return short.select(chosen[np.argsort(-mean[chosen], kind="stable")])


def single_ratings(ratings: Ratings) -> Figure:
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
    axes.set(xlim=(-4.5, 4.5), ylim=(n - 0.4, -0.6))
    axes.set_xticks(LEVELS, [number(level, signed=True) for level in LEVELS.tolist()])
    axes.set_xlabel("rating, with how many people gave it; triangle: mean")
    axes.tick_params(axis="y", length=0)
    return figure
