"""The figure of losses of pairs."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.chapters.post_training.losses import ITEMS, LIMIT, MORE_BITS, best
from lmstudy.show.labels import plain_axis
from lmstudy.show.style import COLOURS, GREY

MARKERS = "os^D"
SHOWN = 6.0
"""Per cent more bits up to which settings are drawn; beyond, there are few."""


def prices(frame: pd.DataFrame) -> Figure:
    """Items that each setting of `losses.tried` leaves over its price; those that `losses.best` chooses are large."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    for number, (name, own) in enumerate(frame.groupby("loss")):
        look: dict[str, Any] = {"marker": MARKERS[number], "color": COLOURS[number], "linestyle": "none"}
        shown = own[own[MORE_BITS] <= SHOWN]
        axes.plot(shown[MORE_BITS], shown[ITEMS], markersize=4.5, **look)
        chosen = best(own)
        axes.plot(chosen[MORE_BITS], chosen[ITEMS], markersize=10, markeredgecolor="black", label=name, **look)
    axes.axvline(LIMIT, color=GREY, linestyle="--", linewidth=1)
    axes.set_yscale("log")
    plain_axis(axes, "y")
    axes.set(xlabel=MORE_BITS, ylabel="items per 1,000 characters")
    axes.legend(title="large: chosen")
    return figure
