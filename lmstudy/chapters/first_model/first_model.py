"""The chapter on the first model: how it learns beside published runs, and what it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.runs.records import Record
from lmstudy.show.style import COLOURS, GREY

METRICS = {
    "loss": "loss (nats a token)",
    "perplexity": "perplexity",
    "bits_per_byte": "bits per byte",
    "accuracy": "token accuracy",
    "recall": "macro recall",
    "f1": "macro F1",
}


def metric_table(records: Sequence[Record], splits: Mapping[str, str]) -> pd.DataFrame:
    """Mean over runs of each metric on each split (column titles are the values of `splits`)."""
    return pd.DataFrame(
        {
            title: {
                label: pd.Series([r.metrics[f"{split}/{key}"] for r in records]).mean()
                for key, label in METRICS.items()
            }
            for split, title in splits.items()
        }
    )


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
