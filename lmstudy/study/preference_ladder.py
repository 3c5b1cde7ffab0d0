"""The ladder of preferences: objectives that were trained for ever more steps, each at its best rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.estimates import capability_cost, times
from lmstudy.study.preferences import OBJECTIVES, REWRITING
from lmstudy.study.rates import Tried
from lmstudy.study.shelf import Shelf

REFERENCE, FILTERING, CONDITIONAL = "MLE", "filtering", "conditional"
COMPARED = (REFERENCE, FILTERING, CONDITIONAL)
LENGTHS = (400, 1600, 6400)
"""Steps; each length is four times the one before."""
GRADED = {
    "from nothing, held-out grader": "unprompted/held_out",
    "from nothing, training scorer": "unprompted/training",
    "after a beginning, held-out grader": "prompted/held_out",
}
"""Which texts, judged by whom -> the group of a measurement."""
SEEDS = (101, 102, 103)
"""None was seen when rates were chosen, with seed 1."""
RATES = ("5.0e-3", "1.0e-2", "2.0e-2", "4.0e-2", "8.0e-2")
"""Of matrices, and of embeddings and norms alike."""
BEST = {
    "privacy": dict.fromkeys(COMPARED, "2.0e-2")
    | dict.fromkeys(("selective", "unlikelihood", "RWR", "rewriting"), "4.0e-2")
    | {"AWR": "1.0e-2"}
}
"""The rate of each objective of a task that was best on *valid* after the fewest steps."""


def arm(task: str, name: str, steps: int = LENGTHS[0], rate: str | None = None, smoke: bool = False) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for an objective after some steps, at its best rate or another one.

    With `smoke` they are of models that learn nothing, in seconds: to see that everything runs.

    Args:
        task: of `BEST`.
        name: of `OBJECTIVES` or `REWRITING`.
        steps: of `LENGTHS`.
        rate: None: of `BEST`.
        smoke: see above.
    """
    own = (f"experiment=ladder_{task}", *(OBJECTIVES | REWRITING)[name])
    if smoke:
        return (*own, "data=file_headers", "budget=smoke", f"budget.steps={steps // 100}", "trunk=false")
    rate = rate or BEST[task][name]
    return (*own, f"budget.steps={steps}", f"optimizer.matrix_lr={rate}", f"optimizer.lr={rate}")


def tried(task: str, names: Sequence[str]) -> Tried:
    """The search over rates, with seed 1 and the fewest steps: of each objective its best, half and twice of that."""
    found = {}
    for name in names:
        best = RATES.index(BEST[task][name])
        found[name] = {rate: arm(task, name, rate=rate) for rate in RATES[best - 1 : best + 2]}
    return found


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


def reached(
    shelf: Shelf, task: str, name: str, seeds: Sequence[int], steps: int = LENGTHS[0], smoke: bool = False
) -> Reached:
    """An objective on *test*; with `smoke` as `arm` says, of seed 1 alone. Errors as of `Shelf.trained`."""
    asked = ("measure.samples=8", "measure.prompts=4") if smoke else ()
    runs = shelf.trained(*arm(task, name, steps, smoke=smoke), seeds=(1,) if smoke else seeds)
    return Reached(runs, on_test(shelf, runs, task, *asked), on_test(shelf, runs, "code_length"))


def on_test(shelf: Shelf, runs: Sequence[Record], measure: str, *settings: str) -> list[Record]:
    """Measurements of runs on *test*: `measure` is a choice of the group, `settings` overrides of it."""
    return shelf.measured(runs, f"measure={measure}", "split=test", *settings)


def fewer(
    shelf: Shelf, task: str, name: str, reference: str, seeds: Sequence[int], key: str, steps: int = LENGTHS[0]
) -> Estimate:
    """How many times fewer faults an objective writes than a reference, by a group of `GRADED`."""
    own, other = (_measured(shelf, task, each, seeds, steps, task) for each in (name, reference))
    return times(other, own, key)


def cost(shelf: Shelf, task: str, name: str, reference: str, seeds: Sequence[int], steps: int = LENGTHS[0]) -> Estimate:
    """Per cent of bits per byte that an objective needs more than a reference, every decision charged."""
    own, other = (_measured(shelf, task, each, seeds, steps, "code_length") for each in (name, reference))
    return capability_cost(own, other, "test")


def _measured(shelf: Shelf, task: str, name: str, seeds: Sequence[int], steps: int, measure: str) -> list[Record]:
    return on_test(shelf, shelf.trained(*arm(task, name, steps), seeds=seeds), measure)
