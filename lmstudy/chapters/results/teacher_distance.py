"""How far the models of a task lie from a teacher that read longer: the other measure of capability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.claims import NoRecordsError
from lmstudy.study.preference_records import arm, measures
from lmstudy.study.preferences import OBJECTIVES, common_seeds, sums

MEASURE, GROUP = "divergence", "divergence"
Distances = dict[str, list[Record]]
"""Measurements by objective and seed."""


def distances(records: Sequence[Record], task: str) -> Distances:
    """Those that there are, of the objectives of the study."""
    found: Distances = {}
    for name in OBJECTIVES:
        try:
            found[name] = measures(records, arm(records, task, name), MEASURE)
        except NoRecordsError:
            continue  # not measured
    if len({record.config["measure"]["teacher"] for own in found.values() for record in own}) > 1:  # type: ignore[index,call-overload]
        raise StudyError(f"task={task}: distances from several teachers cannot stand side by side")
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
