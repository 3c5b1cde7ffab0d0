"""How far the models of a task lie from a teacher that read longer: the other measure of capability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pandas as pd

from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.estimates import common_seeds, sums
from lmstudy.study.preferences import BUDGETS, OBJECTIVES, arm
from lmstudy.study.shelf import NoRecordsError, Shelf

MEASURE, GROUP = "divergence", "divergence"
TEACHER = ("objective=mle", "budget.steps=1600", "budget.evaluate_every=400")
"""Four times the steps of a run of the study, as overrides of `lmstudy-train`."""
Distances = dict[str, list[Record]]
"""Measurements by objective and seed."""


def distances(shelf: Shelf, task: str) -> Distances:
    """Those that there are, of the objectives of the study.

    Raises:
        NoRecordsError: there is no teacher.
    """
    teacher = shelf.trained(f"experiment={task}", f"budget={BUDGETS[task]}", *TEACHER)[0]
    found: Distances = {}
    for name in OBJECTIVES:
        with suppress(NoRecordsError):
            found[name] = shelf.measured(arm(shelf, task, name), f"measure={MEASURE}", f"measure.teacher={teacher.id}")
    return found


def kl(own: Sequence[Record]) -> Estimate:
    """Bits per byte of the teacher's texts, over seeds and texts."""
    return ratio_of_sums_bootstrap(sums(own, GROUP))


def farther(found: Mapping[str, Sequence[Record]], first: str, second: str) -> Estimate:
    """KL of `first` minus that of `second`, paired by seed and text.

    Raises:
        NoRecordsError: one of them was not measured.
    """
    missing = [name for name in (first, second) if name not in found]
    if missing:
        raise NoRecordsError(f"of the distance of {missing[0]!r} from a teacher")
    one, other = common_seeds(found[first], found[second])
    return paired_difference(sums(one, GROUP), sums(other, GROUP))


def distance_table(found: Mapping[str, Sequence[Record]], reference: str = "MLE") -> pd.DataFrame:
    """KL of every objective, and how much more it is than that of a reference."""
    return pd.DataFrame(
        {
            name: {
                "KL from the teacher": with_interval(kl(own)),
                f"more than {reference}": ""
                if name == reference
                else with_interval(farther(found, name, reference), "+.3f"),
                "seeds": len(own),
            }
            for name, own in found.items()
        }
    ).T
