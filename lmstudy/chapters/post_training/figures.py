"""The figure of losses of pairs."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.chapters.post_training.losses import CHOSEN, ITEMS, LIMIT, MORE_BITS
from lmstudy.show.labels import plain_axis
from lmstudy.show.style import COLOURS, GREY

MARKERS = "os^D"
SHOWN = 6.0
"""Per cent more bits up to which settings are drawn; those beyond are in the table."""


def prices(frame: pd.DataFrame) -> Figure:
    """Items that each setting of `losses.tried` leaves over its price; the chosen ones are large."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    for number, (name, setting) in enumerate(CHOSEN.items()):
        own = frame[(frame["loss"] == name) & (frame[MORE_BITS] <= SHOWN)]
        for _, row in own.iterrows():
            taken = (row["beta"], row["learning rate"]) == (setting[0], float(setting[1]))
            axes.plot(
                row[MORE_BITS],
                row[ITEMS],
                MARKERS[number],
                color=COLOURS[number],
                markersize=10 if taken else 4.5,
                markeredgecolor="black" if taken else COLOURS[number],
                label=name if taken else None,
            )
    axes.axvline(LIMIT, color=GREY, linestyle="--", linewidth=1)
    axes.set_yscale("log")
    plain_axis(axes, "y")
    axes.set(xlabel=MORE_BITS, ylabel="items per 1,000 characters")
    axes.legend(title="large: chosen")
    return figure
