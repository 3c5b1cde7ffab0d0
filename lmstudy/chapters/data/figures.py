"""Figures of the chapter on data: effects of very different size, unknown words, costs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.curves import curves
from lmstudy.show.numbers import number
from lmstudy.show.points import point_panels, points
from lmstudy.show.style import COLOURS, GREY

SMALL = 0.2
"""An effect is small if its interval ends below this share of the largest."""


def effects(values: Mapping[str, Estimate], xlabel: str) -> Figure:
    """Differences from zero with intervals; where some are small beside the largest, once more in a scale of theirs."""
    reach = {name: np.nanmax(np.abs([e.value, e.low, e.high])) for name, e in values.items()}
    small = {name: e for name, e in values.items() if reach[name] < SMALL * max(reach.values())}
    if not small:
        return points(values, xlabel, lines={"no difference": 0})
    panels = {"all": values, "the small ones, enlarged": small}
    return point_panels(panels, xlabel, columns=2, share=False, lines={"": 0})


def unknown(found: Mapping[str, Mapping[float, Estimate]], tokens: int) -> Figure:
    """Shares of what a closed vocabulary cannot say against its size (a logarithm), and the size of the tokenizer."""
    nothing = {"byte pairs: nothing": 0.0}
    figure = curves(found, "words in the vocabulary", "% of the held-out split", log_x=True, top=105, baselines=nothing)
    axes = figure.axes[0]
    axes.axvline(tokens, color=GREY, linewidth=1, linestyle="--", zorder=0)
    word = f"{tokens:,},\nas many as there\nare tokens here"
    axes.annotate(word, (tokens, 50), (4, 0), textcoords="offset points", color=GREY, fontsize=8.5, va="center")
    return figure


def costs(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Processor seconds a million bytes of each step, a panel a corpus."""
    rows = max(len(table) for table in tables.values())
    figure, grid = plt.subplots(1, len(tables), figsize=(7.2, 0.27 * rows + 1.0), squeeze=False)
    for axes, (title, table) in zip(grid[0], tables.items(), strict=True):
        values = table["seconds a million bytes"]
        bars = axes.barh(range(len(values)), values, color=COLOURS[0], height=0.62)
        axes.bar_label(bars, [number(value, 2) for value in values], padding=2, fontsize=8)
        axes.set(yticks=range(len(values)), title=title, ylim=(rows - 0.4, -0.6), xlim=(0, values.max() * 1.2))
        axes.set_yticklabels(values.index, fontsize=8.5)
        axes.tick_params(axis="y", length=0)
    figure.supxlabel("processor seconds for a million bytes of text", fontsize=10)
    return figure
