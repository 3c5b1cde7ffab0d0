"""The article's training, seen twice: the loss that it prints, and what its network knows of the language."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lmstudy.runs.records import Record
from lmstudy.show.curves import label_ends
from lmstudy.show.style import COLOURS, GREY

FLOOR = 1e-4
"""Losses below are drawn here: a logarithmic axis has no zero."""


def own_task_and_language(arms: Mapping[str, Sequence[Record]], baselines: Mapping[str, float]) -> Figure:
    """Left: loss on the task that was trained. Right: held-out bits per byte of the next token, and of counting.

    Both logarithmic, by the share of the training that is done; a thin line for each seed, a thick one for the mean.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.7))
    colours = dict(zip(arms, COLOURS, strict=False))
    ends: dict[str, float] = {}
    for axes, key in ((left, "train/loss"), (right, "valid/bits_per_byte")):
        for name, records in arms.items():
            steps = np.array(records[0].curves[key]["step"], dtype=float)
            values = np.maximum([record.curves[key]["value"] for record in records], FLOOR)
            for row in values:
                axes.plot(100 * steps / steps[-1], row, color=colours[name], linewidth=0.6, alpha=0.5)
            middle = np.exp(np.log(values).mean(0))
            axes.plot(100 * steps / steps[-1], middle, color=colours[name], linewidth=2)
            if axes is right:
                ends[name] = float(middle[-1])
        axes.set(yscale="log", xlabel="% of the training", xlim=(0, 100))
    left.set(ylabel="nats a token", title="Loss on its own task")
    right.set(ylabel="bits per byte", title="Next token, held-out packages")
    for name, value in baselines.items():
        right.axhline(value, color=GREY, linewidth=1, linestyle="--")
        ends[name], colours[name] = value, GREY
    right.yaxis.set_major_formatter(plt.ScalarFormatter())
    right.yaxis.set_minor_formatter(plt.NullFormatter())
    right.set_yticks([1, 2, 4, 8, 16, 32, 64])
    right.set_ylim(min(ends.values()) * 0.8, None)
    figure.canvas.draw()  # the layout settles, so that labels know how tall the axes are
    label_ends(right, 100, ends, colours)
    return figure
