"""What the chapter on preferences along the ladder shows: objectives after ever longer trainings, and their trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study import rates
from lmstudy.study.compute import operations
from lmstudy.study.estimates import capability_cost, times
from lmstudy.study.preference_ladder import BEST, COMPARED, LENGTHS, REFERENCE, SEEDS, arm
from lmstudy.study.shelf import Shelf

RATES = ("1.0e-2", "2.0e-2", "4.0e-2")
"""Of matrices, and of embeddings and norms alike, tried after the fewest steps."""
GRADED = {
    "from nothing, held-out grader": "unprompted/held_out",
    "from nothing, training scorer": "unprompted/training",
    "after a beginning, held-out grader": "prompted/held_out",
}
"""Which texts, judged by whom -> the group of a measurement."""


def tried(task: str) -> rates.Tried:
    """The search over rates, as `lmstudy.study.rates` takes it."""
    return {name: {rate: arm(task, name, rate=rate) for rate in RATES} for name in BEST[task]}


@dataclass(frozen=True)
class Reached:
    """What there is of an objective after some steps, by seed.

    Args:
        trained: the runs.
        judged: what graders say of their texts.
        charged: bits per byte of held-out text, every decision charged.
    """

    trained: Sequence[Record]
    judged: Sequence[Record]
    charged: Sequence[Record]


Ladder = Mapping[int, Mapping[str, Reached]]
"""By steps and by objective."""


def climbed(shelf: Shelf, task: str, smoke: bool = False) -> Ladder:
    """All objectives at all rungs, on *test*; with `smoke` as `arm` says, of one seed. Errors as of `Shelf.trained`."""
    found = {}
    asked = ("measure.samples=8", "measure.prompts=4") if smoke else ()
    for steps in LENGTHS:
        found[steps] = {
            name: _reached(shelf, task, shelf.trained(*arm(task, name, steps, smoke=smoke), seeds=_seeds(smoke)), asked)
            for name in COMPARED
        }
    return found


def _seeds(smoke: bool) -> tuple[int, ...]:
    return (1,) if smoke else SEEDS


def _reached(shelf: Shelf, task: str, runs: Sequence[Record], asked: Sequence[str]) -> Reached:
    return Reached(
        runs,
        shelf.measured(runs, f"measure={task}", "split=test", *asked),
        shelf.measured(runs, "measure=code_length", "split=test"),
    )


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
