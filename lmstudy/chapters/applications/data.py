"""The data of a task, from a record of its baselines: examples, how many there are, and what was left out."""

from __future__ import annotations

import pandas as pd

from lmstudy.runs.records import Record
from lmstudy.study.applications import Tuned


def counts(record: Record) -> pd.DataFrame:
    """Examples of a task by split, with the number of their sources and that of each label."""
    rows = {}
    for split in ("train", "valid", "test"):
        sources = len(_below(record, f"data/{split}/from/"))
        rows[split] = {
            "examples": int(record.metrics[f"data/{split}/examples"]),
            "from": f"{sources} source{'s' if sources > 1 else ''}",
            **_below(record, f"data/{split}/label/"),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def left_out(record: Record) -> pd.DataFrame:
    """What preparing a task's corpus left out, and why."""
    found = {name.replace("_", " "): count for name, count in _below(record, "data/left out/").items()}
    return pd.DataFrame({"left out": found})


def _below(record: Record, start: str) -> dict[str, int]:
    return {name.removeprefix(start): int(count) for name, count in record.metrics.items() if name.startswith(start)}


def examples(record: Record, count: int = 4) -> dict[str, list[str]]:
    """Test examples as they are, for `lmstudy.show.texts.cards`."""
    return {
        title: [str(sample[key]).rstrip() for sample in record.samples[:count]]  # type: ignore[index,call-overload]
        for title, key in {"read": "source", "to be written": "target"}.items()
    }


def cut(arms: Tuned) -> str:
    """How many examples are longer than the context, and were cut there, in a sentence.

    It is the same for all fine-tunings of a task that learn from as many examples, whatever they start from.
    """
    found = max((records[0].metrics for records in arms.values()), key=lambda metrics: metrics["train/examples"])
    told = [
        f"{found[f'{split}/cut']:,.0f} of {found[f'{split}/examples']:,.0f} {name} examples"
        for split, name in (("train", "training"), ("test", "test"))
    ]
    return f"{' and '.join(told)} are longer than the context and are cut there."


def asked_before(record: Record) -> str:
    """How many test examples ask what a training example asks, in a sentence."""
    known, size = (record.metrics[f"data/test/{name}"] for name in ("known sources", "examples"))
    return f"Of {size:,.0f} test examples, {known:,.0f} ask the same as some training example, capitals aside."
