"""Classification seen label by label: who is taken for what, and how sure of it networks are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.chapters.applications.scores import means
from lmstudy.runs.records import Record
from lmstudy.study.applications import Tuned
from lmstudy.study.estimates import mean_metric
from lmstudy.study.task_scores import F1, PER_CENT, table
from lmstudy.tasks.baselines import LOGISTIC

RECALL = "test/recall/"


def confusion(records: Sequence[Record]) -> tuple[list[str], np.ndarray]:
    """Labels, and [labels, labels] of each true label the share that was told as each, over seeds."""
    counts = table(records, F1).sum((0, 1))
    return _labels(records), counts / counts.sum(1, keepdims=True)


def _labels(records: Sequence[Record]) -> list[str]:
    return [name.removeprefix(RECALL) for name in records[0].metrics if name.startswith(RECALL)]


def confusion_figure(by_title: Mapping[str, Sequence[Record]]) -> Figure:
    """A panel a title: rows are people's labels, columns what a network told, per cent of each row."""
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, panels = plt.subplots(1, len(by_title), figsize=(3.7 * len(by_title), 3.4), squeeze=False)
    for axes, (title, records) in zip(panels[0], by_title.items(), strict=True):
        labels, shares = confusion(records)
        shown = ConfusionMatrixDisplay(PER_CENT * shares, display_labels=labels)
        shown.plot(ax=axes, cmap="Blues", values_format=".0f", colorbar=False)
        axes.set(title=title, xlabel="predicted by the network", ylabel="people's label")
        axes.grid(False)
    return figure


def per_label(by_title: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Recall and F1 of each label of each title, means over seeds."""
    rows = {
        f"{title}: {label}": {
            name: mean_metric(records, f"test/{key}/{label}") for name, key in {"recall": "recall", "F1": "f1"}.items()
        }
        for title, records in by_title.items()
        for label in _labels(records)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def calibration(by_title: Mapping[str, Tuned], size: int | None, known: Mapping[str, Record]) -> pd.DataFrame:
    """Expected calibration error, a row an answerer that has one and a column a title; means over seeds."""
    found = {title: means(arms, size, {"": "calibration_error"}, known[title])[""] for title, arms in by_title.items()}
    return pd.concat(found, axis=1).dropna(how="all")


def chosen(known: Mapping[str, Record]) -> str:
    """The settings that validation examples chose for logistic regression, by title, in a sentence."""
    told = []
    for title, record in known.items():
        strength, balanced = (record.metrics[f"test/{LOGISTIC}/{key}"] for key in ("strength", "balanced"))
        told.append(f"C = {strength:g}, labels {'balanced' if balanced else 'as they are'} ({title})")
    return f"The settings chosen for logistic regression are: {'; '.join(told)}."
