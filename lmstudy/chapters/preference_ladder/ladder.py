"""What the chapter on preferences along the ladder shows: objectives after ever longer trainings, and their trends."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.compute import operations
from lmstudy.study.estimates import capability_cost, times
from lmstudy.study.preference_ladder import COMPARED, GRADED, LENGTHS, REFERENCE, SEEDS, Reached, reached
from lmstudy.study.shelf import Shelf

Ladder = Mapping[int, Mapping[str, Reached]]
"""By steps and by objective."""


def climbed(shelf: Shelf, task: str, smoke: bool = False) -> Ladder:
    """All objectives at all rungs, on *test*; with `smoke` as `arm` says, of one seed. Errors as of `Shelf.trained`."""
    return {steps: {name: reached(shelf, task, name, SEEDS, steps, smoke) for name in COMPARED} for steps in LENGTHS}


def size_table(ladder: Ladder) -> pd.DataFrame:
    """A row a rung: its target tokens, and its arithmetic."""
    rows = {}
    for steps, own in ladder.items():
        first = own[REFERENCE].trained[0]
        rows[f"{steps:,} steps"] = {
            "million target tokens": first.metrics["train/tokens"] / 1e6,
            "10¹² operations": operations(first) / 1e12,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def fewer(ladder: Ladder, name: str, reference: str = REFERENCE, key: str = GRADED["from nothing, held-out grader"]
          ) -> dict[float, Estimate]:  # fmt: skip
    """By steps: how many times fewer faults an objective writes than a reference."""
    return {steps: times(own[reference].judged, own[name].judged, key) for steps, own in ladder.items()}


def costs(ladder: Ladder, name: str, reference: str = REFERENCE) -> dict[float, Estimate]:
    """By steps: per cent of bits per byte of *test* that an objective needs more than a reference, all charged."""
    return {steps: capability_cost(own[name].charged, own[reference].charged, "test") for steps, own in ladder.items()}
