"""The data of a task as tables: how many examples, from where, what was left out, and what did not fit."""

from __future__ import annotations

import pandas as pd

from lmstudy.runs.records import Record
from lmstudy.study.applications import Tuned


def data_table(record: Record) -> pd.DataFrame:
    """Examples of a task by split and label, from a record of its baselines."""
    rows: dict[str, dict[str, str]] = {}
    for split in ("train", "valid", "test"):
        start = f"data/{split}/"
        sources = [name for name in record.metrics if name.startswith(f"{start}from/")]
        labels = {
            name.removeprefix(f"{start}label/"): f"{count:,.0f}"
            for name, count in record.metrics.items()
            if name.startswith(f"{start}label/")
        }
        rows[split] = {
            "examples": f"{record.metrics[f'{start}examples']:,.0f}",
            "from": f"{len(sources)} source{'s' if len(sources) > 1 else ''}",
            **labels,
        }
    return pd.DataFrame(rows).T


def left_out(record: Record) -> pd.DataFrame:
    """What preparing a task's corpus left out, and why, from a record of its baselines."""
    start = "data/left out/"
    found = {
        name.removeprefix(start).replace("_", " "): f"{n:,.0f}"
        for name, n in record.metrics.items()
        if name.startswith(start)
    }
    return pd.DataFrame({"left out": found})


def cut(arms: Tuned) -> str:
    """How many examples are longer than the context, and were cut there, in a sentence.

    It is the same for all fine-tunings of a task that learn from as many examples, whatever they start from.
    """
    arm = max(arms, key=lambda one: arms[one][0].metrics["train/examples"])
    found = arms[arm][0].metrics
    counts = [
        f"{found[f'{split}/cut']:,.0f} of {found[f'{split}/examples']:,.0f} {name}"
        for split, name in (("train", "training"), ("test", "test"))
    ]
    return f"Longer than the context, and cut there: {counts[0]} examples and {counts[1]} examples."


def shared(record: Record) -> str:
    """How many test examples ask what a training example asks, in a sentence."""
    known, size = (record.metrics[f"data/test/{name}"] for name in ("known sources", "examples"))
    return f"Of {size:,.0f} test examples, {known:,.0f} ask what some training example asks, capitals aside."
