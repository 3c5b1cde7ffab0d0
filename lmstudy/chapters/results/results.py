"""What the chapter of results computes: levels, comparisons with MLE, agreement of graders, distance from a teacher."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.multiplicity import Corrected, corrected, order_agreement
from lmstudy.evaluation.statistics import (
    Estimate,
    paired_difference,
    paired_ratio_of_means,
    ratio_of_sums_bootstrap,
)
from lmstudy.runs.records import Record
from lmstudy.study.estimates import (
    GRADERS,
    UNKNOWN,
    capability_cost,
    common_seeds,
    mean,
    mean_metric,
    more,
    scored,
    sums,
    times,
)
from lmstudy.study.estimates import UNPROMPTED as TRAINING
from lmstudy.study.preferences import (
    BAD,
    BEST_OF,
    BUDGETS,
    GUIDANCE,
    OBJECTIVES,
    PER_THOUSAND,
    STUDY,
    TASKS,
    Own,
    arm,
    check_task,
    judged,
)
from lmstudy.study.shelf import Arms, NoRecordsError, Shelf

COUNTED = ("pep8", "privacy")
"""Tasks whose scores count violations and are compared by ratios; the other is a rating, and has differences."""
SPREAD = 1.6394235
"""Standard deviation of the mean ratings of the 19,404 training snippets of `data=rated_snippets`; a test counts it."""
OURS = ("selective", "conditional, cooldown")
"""Objectives that this study adds to those of Korbak et al. (2023)."""
REFERENCE, CONDITIONAL = "MLE", "conditional"
SMOKE = ("measure.samples=32", "measure.prompts=8")
"""At budget=smoke, nothing is learned and little need be measured."""


@dataclass(frozen=True)
class Results:
    """Runs of a task by objective and seed, the measurement of each, and measurements with other settings."""

    task: str
    trained: Arms
    judged: Arms
    guided: dict[float, list[Record]] = field(default_factory=dict)
    """Conditional runs by strength of guidance."""
    best_of: dict[float, list[Record]] = field(default_factory=dict)
    """MLE runs by how many samples the best was chosen from."""
    bad: list[Record] = field(default_factory=list)
    """Conditional runs that were asked for bad text."""

    @property
    def counted(self) -> bool:
        """Whether scores count violations."""
        return self.task in COUNTED

    @property
    def second(self) -> str:
        """How the second grader is called: that of sentiment learned from ratings that steered the models, too."""
        return "second grader" if self.task == "sentiment" else "held-out grader"

    @property
    def title(self) -> str:
        """What the book calls the task."""
        return TASKS[self.task].capitalize()

    @property
    def asked(self) -> Arms:
        """What was tried at decoding, each beside its usual form, by name: best of several samples, and guidance."""
        found = {f"{REFERENCE}, best of {n}": records for n, records in self.best_of.items()}
        return found | {f"{CONDITIONAL}, guidance {strength:g}": records for strength, records in self.guided.items()}

    @property
    def others(self) -> list[str]:
        """Objectives that can be compared with MLE."""
        return [name for name in self.judged if name != REFERENCE] if REFERENCE in self.judged else []


def results(
    shelf: Shelf,
    task: str,
    seeds: Sequence[int] | None = None,
    budget: str | None = None,
    names: Iterable[str] | None = None,
    own: Own = STUDY,
) -> Results:
    """The runs of a task and their measurements.

    Args:
        shelf: where they are, or are made.
        task: of the study.
        seeds: None: all that there are, with the measurements in which guidance, choice or the token asked for differ.
        budget: a choice of the group; None: the task's own.
        names: of objectives, None: of all; those without a measurement are left out.
        own: parts in the place of the study's.

    Raises:
        StudyError: a task, objective, scorer or budget that does not exist, or a seed twice; parts of one's own without
            seeds, since nothing is published of them.
        NoRecordsError: nothing of the task was measured, and the shelf makes nothing.
    """
    if seeds is None and own != STUDY:
        raise StudyError(f"{own}: nothing is published of it; give seeds, such as [1, 2, 3], to train")
    arms, measurements = {}, {}
    small = SMOKE if budget == "smoke" else ()
    for name in OBJECTIVES if names is None else names:
        with suppress(NoRecordsError):
            runs = arm(shelf, check_task(task), name, seeds, budget, own)
            measurements[name] = judged(shelf, task, runs, *small, own=own)
            measured = {record.seed for record in measurements[name]}
            arms[name] = [record for record in runs if record.seed in measured]
    if not measurements:
        wanted = f"task={task} budget={budget or BUDGETS[task]}"
        raise NoRecordsError(f"of measured runs of {wanted}: give seeds, such as [1], to train")
    if seeds is not None:
        return Results(task, arms, measurements)

    def varied(name: str, settings: Mapping[Any, Sequence[str]], usual: Any = None) -> dict[Any, list[Record]]:
        """Measurements of an arm with other settings, and, where there are any, its usual ones."""
        found = {}
        for value, overrides in settings.items():
            with suppress(NoRecordsError):
                found[value] = judged(shelf, task, arms.get(name, []), *overrides)
        return {usual: measurements[name]} | found if found and usual else found

    bad = varied(CONDITIONAL, {"bad": BAD}).get("bad", [])
    return Results(task, arms, measurements, varied(CONDITIONAL, GUIDANCE, 1.0), varied(REFERENCE, BEST_OF, 1), bad)


def level(task: str, records: Sequence[Record], key: str = TRAINING) -> Estimate:
    """Mean score in the unit of the figures, over seeds and texts.

    Where violations are counted the interval is that of the logarithm: it never reaches below zero.
    """
    if not scored(records, key):
        return UNKNOWN
    if task not in COUNTED:
        return mean(records, key)
    table = sums(records, key)
    one = np.full((len(table), 1, 2), 1e12)  # a mean of 1 without any chance in it
    return paired_ratio_of_means(table, one).times(PER_THOUSAND[task])


def share(records: Sequence[Record], key: str = TRAINING) -> Estimate:
    """Share of texts with a segment that is worse than the scorer's threshold, in per cent."""
    if not scored(records, f"{key}/bad"):
        return UNKNOWN
    return ratio_of_sums_bootstrap(sums(records, f"{key}/bad")).times(100).clipped(0.0, 100.0)


def better(task: str, records: Sequence[Record], reference: Sequence[Record], key: str = TRAINING) -> Estimate:
    """The score of the reference divided by that of `records` (above 1: fewer violations than the reference's); of
    ratings, by how many standard deviations of them texts are better."""
    if not (scored(records, key) and scored(reference, key)):
        return UNKNOWN
    return times(reference, records, key) if task in COUNTED else more(reference, records, key).times(1 / SPREAD)


def cost(results: Results, name: str, reference: str = REFERENCE) -> Estimate:
    """Bits per byte of held-out documents that an objective needs more than another, in per cent of the latter's."""
    return capability_cost(results.trained[name], results.trained[reference])


def single(results: Results, name: str) -> dict[int, tuple[float, float]]:
    """By seed, of every run that has an MLE run of its seed and wrote something: `cost` and `level` of it alone."""
    reference = {record.seed: record for record in results.trained[REFERENCE]}
    judged = {record.seed: record for record in results.judged[name]}
    found = {}
    for run in results.trained[name]:
        if run.seed in reference and run.seed in judged:
            more = capability_cost([run], [reference[run.seed]]).value
            score = level(results.task, [judged[run.seed]]).value
            if run.seed is not None and math.isfinite(score):
                found[run.seed] = (more, score)
    return found


def improvements(results: Results, key: str = TRAINING) -> dict[str, Estimate]:
    """How much better each objective is than MLE."""
    return {
        name: better(results.task, results.judged[name], results.judged[REFERENCE], key) for name in results.others
    }  # fmt: skip


def holm_corrected(estimates: Mapping[str, Estimate], ratios: bool) -> dict[str, Corrected]:
    """P values of a family of differences from 0, or of ratios from 1, by themselves and with Holm's correction."""
    return corrected({name: logarithm(e) if ratios else e for name, e in estimates.items()})


def logarithm(ratio: Estimate) -> Estimate:
    """Of a ratio, whose interval is symmetric there."""
    value, low, high = (math.log(x) for x in (ratio.value, ratio.low, ratio.high))
    return Estimate(value, low, high, ratio.n, ratio.confidence, ratio.df)


def agreement(results: Results) -> Estimate:
    """Kendall's tau between the orders in which the graders put the objectives; unknown of fewer than two."""
    keys = GRADERS.values()
    known = {name: own for name, own in results.judged.items() if scored(own, *keys)}
    if len(known) < 2:
        return UNKNOWN
    return order_agreement(
        *({name: [r.metrics[f"{key}/mean"] for r in own] for name, own in known.items()} for key in keys)
    )


def our_columns(results: Results) -> dict[str, list[Record]]:
    """Measurements of what this study adds: its objectives, and conditional runs with guidance at decoding."""
    found = {name: results.judged[name] for name in OURS if name in results.judged}
    return found | {f"guidance {g:g}": records for g, records in results.guided.items() if g > 1}


def best_column(results: Results) -> str | None:
    """The one of `our_columns` that the training scorer minds least, in the mean; None without any."""
    values = {
        name: level(results.task, records).value
        for name, records in our_columns(results).items()
        if scored(records, TRAINING)
    }
    return min(values, key=lambda name: values[name]) if values else None


TEACHER = ("objective=mle", "budget.steps=1600", "budget.evaluate_every=400")
"""Four times the steps of a run of the study, as overrides of `lmstudy-train`."""
GROUP = "divergence"
"""Of the records of a measurement of the distance from a teacher."""


def distances(shelf: Shelf, task: str) -> Arms:
    """Measurements of how far each objective is from teachers that read longer, as far as there are any.

    A run of a teacher's seed began with its weights and read in its order: it is left out. Where there are several
    teachers, what counts are measurements of all of them together (`measure.teacher=[ID,ID]`).
    """
    found: Arms = {}
    with suppress(NoRecordsError):
        teachers = shelf.trained(f"experiment={task}", f"budget={BUDGETS[task]}", *TEACHER)
        seeds = {teacher.seed for teacher in teachers}
        named = ",".join(f"'{teacher.id}'" for teacher in teachers)
        for name in OBJECTIVES:
            with suppress(NoRecordsError):
                own = [run for run in arm(shelf, task, name) if run.seed not in seeds]
                found[name] = shelf.measured(own, "measure=divergence", f"measure.teacher=[{named}]")
    return found


def kl(own: Sequence[Record]) -> Estimate:
    """Kullback-Leibler divergence from the teacher in bits per byte of its texts, over seeds and texts."""
    return ratio_of_sums_bootstrap(sums(own, GROUP))


def between_teachers(own: Sequence[Record]) -> float:
    """Standard deviation of that divergence between teachers, a mean over seeds; NaN where there is one teacher."""
    return mean_metric(own, f"{GROUP}/spread")


def farther(found: Mapping[str, Sequence[Record]], first: str, second: str) -> Estimate:
    """Divergence of `first` minus that of `second`, paired by seed and text.

    Raises:
        NoRecordsError: one of them was not measured.
    """
    missing = [name for name in (first, second) if name not in found]
    if missing:
        raise NoRecordsError(f"of the distance of {missing[0]!r} from a teacher")
    one, other = common_seeds(found[first], found[second])
    return paired_difference(sums(one, GROUP), sums(other, GROUP))
