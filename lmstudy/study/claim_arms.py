"""What claims that compare experiments are computed from: the records of each, and how two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, require
from lmstudy.study.comparisons import differences

BITS = "bits per byte"


def trained(records: Sequence[Record], experiment: str, budget: str) -> list[Record]:
    """The training records of an experiment at a budget; of none, NoRecordsError."""
    return require(records, **{"kind": "train", "config.experiment": experiment, "config.budget.name": budget})


def measured(records: Sequence[Record], experiment: str, budget: str, measure: str, **conditions: Any) -> list[Record]:
    """The measurements of an experiment's runs at a budget that meet further conditions; of none, NoRecordsError."""
    run = {"config.run.config.experiment": experiment, "config.run.config.budget.name": budget}
    return require(records, **{"kind": "evaluation", **run, "config.measure.name": measure, **conditions})


def difference(arm: str, reference: str, budget: str) -> Compute:
    """Bits per byte of an experiment minus those of another, paired by seed and document group."""

    def compute(records: Sequence[Record]) -> Estimate:
        arms = {name: trained(records, name, budget) for name in (arm, reference)}
        return differences(arms, reference)[arm]

    return compute


def negative(of: Compute) -> Compute:
    """The same difference seen from the other side."""
    return lambda records: -of(records)
