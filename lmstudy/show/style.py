"""Figures of the book: vector graphics, colour-blind safe, labelled directly, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, darkest first: told apart by colour-blind readers, too."""
GREY = "#767676"


def use_house_style() -> None:
    """Set once in a notebook: SVG with text as text, the palette, no box around the data."""
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg")
    plt.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "lmstudy",  # the same figure is the same file
            "font.family": "sans-serif",
            "font.size": 10,
            "figure.figsize": (7.2, 3.6),
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
        }
    )


def token_lengths(lengths: Mapping[str, np.ndarray], context: int) -> Figure:
    """Share of documents of at most so many tokens, one curve a split, and the longest that fits a row."""
    figure, axes = plt.subplots()
    for colour, (name, values) in zip(COLOURS, lengths.items(), strict=False):
        ordered = np.sort(values)
        axes.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=colour, label=name)
    axes.axvline(context, color=GREY, linestyle="--", linewidth=1)
    axes.text(context * 1.04, 0.04, f"one decoder row: {context} tokens", color=GREY)
    axes.set(xscale="log", ylim=(0, 1), xlabel="tokens of a document", ylabel="share of documents")
    axes.legend(frameon=False, loc="upper left")
    return figure


def points(values: Mapping[str, Estimate], xlabel: str, from_zero: bool = True) -> Figure:
    """Horizontal points with intervals, one line a name, in the order given from the top."""
    figure, axes = plt.subplots(figsize=(7.2, 0.32 * len(values) + 0.9))
    for y, estimate in enumerate(values.values()):
        axes.plot([estimate.low, estimate.high], [y, y], color=COLOURS[0], linewidth=2)
        axes.plot(estimate.value, y, "o", color=COLOURS[0])
    axes.set(yticks=range(len(values)), yticklabels=list(values), xlabel=xlabel)
    if from_zero:
        axes.set_xlim(0, None)
    axes.invert_yaxis()
    return figure


def learning_curves(run: Record, published: Sequence[Record], baselines: Mapping[str, float]) -> Figure:
    """Held-out bits per byte while training: this run, the published ones behind it, baselines as lines."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4), width_ratios=(1, 1.35))
    for record in published:
        _curve(left, record, "train/loss", color=GREY, linewidth=0.6, alpha=0.6)
        _curve(right, record, "valid/bits_per_byte", color=GREY, linewidth=1, alpha=0.8)
    _curve(left, run, "train/loss", color=COLOURS[0], linewidth=1)
    _curve(right, run, "valid/bits_per_byte", color=COLOURS[0], linewidth=2, marker="o", markersize=3.5)
    steps = run.curves["valid/bits_per_byte"]["step"]
    final = run.metrics["valid/bits_per_byte"]
    right.plot(steps[-1], final, "D", color=COLOURS[0], markerfacecolor="white", markersize=6, zorder=3)
    right.annotate(
        "at the end, all documents", (steps[-1], final), (-6, -13), textcoords="offset points", ha="right", fontsize=8.5
    )
    left.set(xlabel="step", ylabel="training loss, nats a token", title="Training")
    right.set(xlabel="step", ylabel="bits per byte", title="Held-out packages")
    right.margins(y=0.12)
    for colour, (name, value) in zip(COLOURS[1:], baselines.items(), strict=False):
        right.axhline(value, color=colour, linestyle="--", linewidth=1)
        right.text(steps[0], value, name, color=colour, ha="left", va="bottom", fontsize=8.5)
    return figure


def _curve(axes: Axes, record: Record, name: str, **style: Any) -> None:
    curve = record.curves.get(name)
    if curve:
        axes.plot(curve["step"], curve["value"], **style)
