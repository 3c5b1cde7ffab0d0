"""What comes after pretraining, beside preferences from the start, at equal compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lmstudy.chapters.faults.fault_effects import HELD_OUT, TRAINING
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.equal_compute import equivalent_steps
from lmstudy.study.preference_records import arm, judged, measures, post_trained
from lmstudy.study.preferences import PER_THOUSAND, capability_cost, mean, sums, times

BASE = "MLE, four fifths"
"""What post-training starts from: maximum likelihood for so many of the steps."""
NAMES = {
    "MLE": "MLE, all steps",
    BASE: "MLE, four fifths of the steps",
    "fine-tuned": "... then conditional fine-tuning",
    "dpo": "... then DPO",
    "best of 4": "MLE, best of 4 samples",
    "best of 16": "MLE, best of 16 samples",
    "conditional": "conditional from the start",
}


@dataclass(frozen=True)
class Way:
    """A way to less of what people mind: its runs, their measurements, and what they cost."""

    runs: list[Record]
    judged: list[Record]
    steps: float
    """Of pretraining, that cost as much; sampling several times is not counted"""


def ways(records: Sequence[Record], task: str) -> dict[str, Way]:
    """All ways of a task that there are records of, by the keys of `NAMES`."""
    found: dict[str, Way] = {}
    whole, base = arm(records, task, "MLE"), arm(records, task, BASE)

    def add(name: str, runs: Callable[[], list[Record]], steps: Callable[[list[Record]], float], **asked: Any) -> None:
        try:
            own = runs()
            found[name] = Way(own, measures(records, own, **asked), steps(own))
        except StudyError:
            return  # nothing was measured

    full, part = _steps(whole[0]), _steps(base[0])

    def after(own: list[Record]) -> float:
        return part + sum(equivalent_steps(record, whole[0]) for record in own) / len(own)

    add("MLE", lambda: whole, lambda own: full)
    add(BASE, lambda: base, lambda own: part)
    add("fine-tuned", lambda: post_trained(records, base, "conditional"), after)
    add("dpo", lambda: post_trained(records, base, "dpo"), after)
    add("best of 4", lambda: whole, lambda own: full, best_of=4)
    add("best of 16", lambda: whole, lambda own: full, best_of=16)
    add("conditional", lambda: arm(records, task, "conditional"), lambda own: full)
    return found


def _steps(record: Record) -> int:
    budget = record.config["budget"]
    assert isinstance(budget, dict)
    return int(str(budget["steps"]))


def levels(found: dict[str, Way], task: str, key: str = TRAINING) -> dict[str, Estimate]:
    """Misalignment of each way, by the names that the book shows."""
    return {NAMES[name]: mean(way.judged, key).times(PER_THOUSAND[task]) for name, way in found.items()}


def table(found: dict[str, Way], task: str) -> pd.DataFrame:
    """One row a way: what it costs, what it writes by both graders, what it knows, how varied it is."""
    rows = {}
    for name, way in found.items():
        graders = {"training scorer": TRAINING, "held-out grader": HELD_OUT}
        bits = ratio_of_sums_bootstrap(sums(way.runs, "valid"))
        rows[NAMES[name]] = {
            "as many steps": f"{way.steps:.0f}",
            **{
                title: with_interval(mean(way.judged, key).times(PER_THOUSAND[task]), ".2f")
                for title, key in graders.items()
            },
            "bits per byte": with_interval(bits),
            "characters": pd.Series([r.metrics["diversity/characters"] for r in way.judged]).mean(),
            "distinct-2": f"{pd.Series([r.metrics['diversity/distinct_2'] for r in way.judged]).mean():.2f}",
            "seeds": len(way.judged),
        }
    return pd.DataFrame(rows).T


def against(method: str, task: str = "privacy") -> Callable[[Sequence[Record]], Estimate]:
    """How many times more misaligned post-training by a method is than conditional pretraining."""

    def compute(records: Sequence[Record]) -> Estimate:
        tuned = measures(records, post_trained(records, arm(records, task, BASE), method))
        return times(tuned, judged(records, task, "conditional"))

    return compute


def best_of_16(records: Sequence[Record], task: str = "privacy") -> Estimate:
    """How many times more misaligned the best of 16 samples of MLE is than conditional pretraining, by the held-out
    grader: the training scorer chose them."""
    chosen = measures(records, arm(records, task, "MLE"), best_of=16)
    return times(chosen, judged(records, task, "conditional"), HELD_OUT)


def cost(method: str, task: str = "privacy") -> Callable[[Sequence[Record]], Estimate]:
    """Per cent of bits per byte that post-training needs more than conditional pretraining."""

    def compute(records: Sequence[Record]) -> Estimate:
        tuned = post_trained(records, arm(records, task, BASE), method)
        return capability_cost(tuned, arm(records, task, "conditional")).times(100)

    return compute
