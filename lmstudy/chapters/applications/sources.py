"""What the answers of fine-tuned networks owe to the sources that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from lmstudy.chapters.applications.scores import Score, difference, estimate
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.applications import MLE, SCRATCH, Arm, Tuned
from lmstudy.study.claims import NoRecordsError
from lmstudy.study.needs import compose_config
from lmstudy.study.preference_records import available, measures

SOURCE = Score("source", "bits per byte that the source saves", 1, ".3f")
"""Bits of people's answers behind the source of another example, minus those behind their own."""


def source_records(records: Sequence[Record], tunings: Sequence[Record]) -> list[Record]:
    """The measurements (see `lmstudy.measures.source_use`) of fine-tunings, by seed.

    Raises:
        NoRecordsError: there is none.
    """
    return measures(records, tunings, SOURCE.row, split="test", documents=None)


def sources(arms: Tuned, runs: str = "runs") -> Tuned:
    """The measurements of fine-tunings, by arm and seed: published, finished here, or made now."""
    known = available(runs)
    return {arm: [_source(one, known, runs) for one in own] for arm, own in arms.items()}


def _source(tuning: Record, known: Sequence[Record], runs: str) -> Record:
    from lmstudy.measures.evaluate import evaluate

    try:
        return source_records(known, [tuning])[0]
    except NoRecordsError:
        asked = [f"run='{tuning.id}'", "measure=source", "split=test", f"runs={runs}"]
        return evaluate(compose_config("evaluate", asked))


def source_table(by_title: Mapping[str, Tuned]) -> pd.DataFrame:
    """A row a title and a number of training examples: what sources save a network from scratch and a pretrained one,
    and the difference between them."""
    rows = {}
    for title, arms in by_title.items():
        for size in dict.fromkeys(arm.examples for arm in arms):
            first, second = arms[Arm(MLE, size)], arms[Arm(SCRATCH, size)]
            apart = difference(first, second, SOURCE)
            rows[f"{title}, {size:,}" if size else title] = {
                "from scratch": with_interval(estimate(second, SOURCE), ".2f"),
                "pretrained": with_interval(estimate(first, SOURCE), ".2f"),
                "pretrained − from scratch": f"{apart.value:+.2f} ({apart.interval('+.2f')})",
            }
    return pd.DataFrame(rows).T
