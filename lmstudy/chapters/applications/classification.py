"""Classification seen label by label: who is taken for what, and how sure of it networks are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lmstudy.chapters.applications.scores import F1, named, table
from lmstudy.runs.records import Record
from lmstudy.study.applications import Tuned
from lmstudy.study.estimates import mean_metric
from lmstudy.tasks.baselines import LOGISTIC

Shares = NDArray[np.float64]


def confusion(records: Sequence[Record]) -> tuple[list[str], Shares]:
    """Labels, and [labels, labels] of each true label the share that was told as each, over seeds."""
    counts = table(records, F1).sum((0, 1))
    return _labels(records), counts / counts.sum(1, keepdims=True)


def _labels(records: Sequence[Record]) -> list[str]:
    return [name.removeprefix("test/recall/") for name in records[0].metrics if name.startswith("test/recall/")]


def confusion_figure(by_title: Mapping[str, Sequence[Record]]) -> Figure:
    """A panel a title: rows are people's labels, columns what a network told, per cent of each row."""
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, panels = plt.subplots(1, len(by_title), figsize=(3.7 * len(by_title), 3.4), squeeze=False)
    for axes, (title, records) in zip(panels[0], by_title.items(), strict=True):
        labels, shares = confusion(records)
        shown = ConfusionMatrixDisplay(100 * shares, display_labels=labels)
        shown.plot(ax=axes, cmap="Blues", values_format=".0f", colorbar=False)
        axes.set(title=title, xlabel="told by the network", ylabel="label of people")
        axes.grid(False)
    return figure


def per_label(records: Sequence[Record]) -> pd.DataFrame:
    """Recall and F1 of each label, means over seeds."""
    rows = {
        label: {
            title: f"{mean_metric(records, f'test/{key}/{label}'):.3f}"
            for title, key in {"recall": "recall", "F1": "f1"}.items()
        }
        for label in _labels(records)
    }
    return pd.DataFrame(rows).T


def calibration(by_title: Mapping[str, Tuned], size: int | None, known: Mapping[str, Record]) -> pd.DataFrame:
    """Expected calibration error, a row an answerer and a column a title; means over seeds."""
    key = "calibration_error"
    return pd.DataFrame(
        {
            title: {LOGISTIC: f"{known[title].metrics[f'test/{LOGISTIC}/{key}']:.3f}"}
            | {
                named(arm.start): f"{mean_metric(records, f'test/{key}'):.3f}"
                for arm, records in arms.items()
                if arm.examples == size and f"test/{key}" in records[0].metrics
            }
            for title, arms in by_title.items()
        }
    ).fillna("–")


def chosen(known: Mapping[str, Record]) -> str:
    """The settings that validation examples chose for logistic regression, by title."""
    lines = []
    for title, record in known.items():
        strength, balanced = (record.metrics[f"test/{LOGISTIC}/{key}"] for key in ("strength", "balanced"))
        lines.append(f"{title}: C = {strength:g}, labels {'balanced' if balanced else 'as they are'}")
    return "\n".join(lines)
