"""The arms of the study of preferences: which runs there are, and how two of them compare.

An arm is a task (an experiment of `conf/experiment`) and an objective with its settings, over seeds. Its records come
from the published ones, else from the runs folder, and are trained where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lmstudy.compose import group_choices, search_path
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.overrides import home, override
from lmstudy.runs.records import Record
from lmstudy.study.estimates import GRADERS, mean
from lmstudy.study.shelf import Data, NoRecordsError, Shelf, data_overrides

TASKS = {"pep8": "style", "privacy": "privacy", "sentiment": "sentiment"}
"""Experiments, and how the book calls them."""
BUDGETS = {"pep8": "medium", "privacy": "short", "sentiment": "medium"}
"""What a run of each task may cost (`conf/budget`), where nothing else is said."""
PLANTED = ("experiment=privacy", "budget=short", "data=file_headers_planted")
"""Runs whose training text holds planted lines."""
PER_THOUSAND = {"pep8": 1000.0, "privacy": 1000.0, "sentiment": 1.0}
"""Scores are shown per 1,000 characters where they are per character."""
UNITS = {
    "pep8": "violations per 1,000 characters",
    "privacy": "items per 1,000 characters",
    "sentiment": "minus the rating (−4 to 4)",
}

OBJECTIVES: dict[str, tuple[str, ...]] = {
    "MLE": ("objective=mle",),
    "filtering": ("objective=filtering",),
    "conditional": ("objective=conditional",),
    "conditional, cooldown": ("objective=conditional_cooldown",),
    "selective": ("objective=selective",),
    "unlikelihood": ("objective=unlikelihood",),
    "RWR": ("objective=rwr",),
    "AWR": ("objective=awr",),
}
"""The objectives by the names that the book shows, and what they are called in the configuration."""
REWRITING: dict[str, tuple[str, ...]] = {
    "rewriting": ("objective=rewriting",),
    "conditional, rewriting": ("objective=conditional_rewriting",),
}
"""Objectives that read repaired text: only a task whose scorer has a rewriter can have them (style and privacy)."""
VARIANTS: dict[str, tuple[str, ...]] = {
    "unlikelihood, as released": ("objective=unlikelihood", "objective.released=true"),
    "RWR, as released": ("objective=rwr", "objective.beta=10", "objective.normalise=false"),
    "AWR, β = 10, raw": ("objective=awr", "objective.beta=10", "objective.normalise=false"),
    "RWR, divided twice": ("objective=rwr", "scorer.divided_twice=true"),
    "conditional, onset 20 %": ("objective=conditional", "objective.onset=0.2"),
    "conditional, onset 60 %": ("objective=conditional", "objective.onset=0.6"),
    "MLE, four fifths": ("objective=mle", "budget.steps=320"),
}
"""Arms beside the objectives: faults of the released code, a later onset, and a part of the steps."""
SETTINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "filtering": {"keep 75 %": ("objective.keep=0.75",), "keep 90 %": ("objective.keep=0.9",)},
    "conditional": {"drop 0": ("objective.drop=0.0",), "drop 20 %": ("objective.drop=0.2",)},
    "conditional, cooldown": {"5 %": ("objective.cooldown=0.05",), "20 %": ("objective.cooldown=0.2",)},
    "unlikelihood": {"α = 0.3": ("objective.alpha=0.3",), "α = 3": ("objective.alpha=3.0",)},
    "RWR": {"β = 0.3": ("objective.beta=0.3",), "β = 3": ("objective.beta=3.0",)},
    "AWR": {"β = 0.3": ("objective.beta=0.3",), "β = 3": ("objective.beta=3.0",)},
}
"""Two other settings of each objective's own parameter; the selective loss has none."""
VARIANTS |= {
    f"{name}, {setting}": (*OBJECTIVES[name], *overrides)
    for name, settings in SETTINGS.items()
    for setting, overrides in settings.items()
}
GUIDANCE: dict[float, tuple[str, ...]] = {g: (f"measure.guidance={g}",) for g in (1.5, 2.0, 3.0)}
"""Strengths of guidance other than none, and how samples under each are asked for (`lmstudy-evaluate`)."""
BEST_OF: dict[float, tuple[str, ...]] = {
    n: (f"measure.best_of={n}", "measure.samples=256", "measure.prompts=0") for n in (4, 16)
}
"""Samples from which the best is chosen, and how that is asked for."""
BAD = ("measure.control=bad", "measure.prompts=0")
"""How bad text is asked for."""
MOST_SEEDS = ("MLE", "filtering", "conditional")
"""Those with five seeds; the others have three."""
SEEDS, MORE_SEEDS = (1, 2, 3), (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Own:
    """Parts of one's own in the place of those of the study (CONTRIBUTING.md shows how they are written)."""

    data: Data = None
    """A corpus instead of the task's."""
    scorer: str | None = None
    """A choice of the group `scorer` instead of the task's: runs are trained with it, and it judges their samples."""
    config_dir: str | None = None
    """A folder with YAML files, whose choices stand beside those that ship."""

    def training(self) -> list[str]:
        """Overrides of `lmstudy-train`."""
        return [*self._path(), *data_overrides(self.data), *([override("scorer", self.scorer)] if self.scorer else [])]

    def judging(self) -> list[str]:
        """Overrides of `lmstudy-evaluate`."""
        return [*self._path(), *([override("scorer@measure.scorers.training", self.scorer)] if self.scorer else [])]

    def _path(self) -> list[str]:
        return search_path(["--config-dir", self.config_dir]) if self.config_dir else []


STUDY = Own()


def arm(
    shelf: Shelf, task: str, name: str, seeds: Sequence[int] | None = None, budget: str | None = None, own: Own = STUDY
) -> list[Record]:
    """Training records of an arm by seed.

    Args:
        shelf: where they are, or are made.
        task: of `TASKS`, or another experiment, which then needs a budget.
        name: of `OBJECTIVES`, `REWRITING` and `VARIANTS`, or a choice of the group `objective`.
        seeds: None: those of the study (`study_seeds`) that there are. Seeds that a prediction brought are its own: a
            number that took them in would move with every later prediction.
        budget: a choice of the group; None: that of `BUDGETS`.
        own: parts in the place of the study's.

    Raises:
        StudyError: a task or name that is not known.
        NoRecordsError: there is none, and the shelf makes none.
    """
    budget = budget or BUDGETS[check_task(task)]
    overrides = (
        override("experiment", task),
        override("budget", budget),
        *overrides_of(name, own.config_dir),
        *own.training(),
    )
    if seeds is not None:
        return shelf.trained(*overrides, seeds=seeds)
    found = [run for run in shelf.trained(*overrides) if run.seed in study_seeds(name)]
    if not found:
        raise NoRecordsError(f"of {' '.join(overrides)} with one of the seeds {', '.join(map(str, study_seeds(name)))}")
    return found


def judged(shelf: Shelf, task: str, records: Sequence[Record], *overrides: str, own: Own = STUDY) -> list[Record]:
    """The measurements of samples (`measure=TASK`) of records by seed; overrides such as "measure.guidance=2"."""
    return shelf.measured(records, override("measure", task), *own.judging(), *overrides)


def judged_arm(shelf: Shelf, task: str, name: str, *overrides: str) -> list[Record]:
    """`judged` of all seeds of an arm."""
    return judged(shelf, task, arm(shelf, task, name), *overrides)


def graded(task: str, records: Sequence[Record]) -> dict[str, Estimate]:
    """Mean score of texts from nothing by each of `GRADERS`, in the unit that `UNITS` has for the task."""
    return {grader: mean(records, key).times(PER_THOUSAND[task]) for grader, key in GRADERS.items()}


def study_seeds(name: str) -> tuple[int, ...]:
    """The seeds that the study has of an arm."""
    return MORE_SEEDS if name in MOST_SEEDS else SEEDS


def overrides_of(name: str, config_dir: str | None = None) -> tuple[str, ...]:
    """Of `lmstudy-train`, for an arm of the study or a choice of the group `objective`.

    Raises:
        StudyError: it is neither.
    """
    known = OBJECTIVES | REWRITING | VARIANTS
    if name in known:
        return known[name]
    choices = set(group_choices("objective"))
    if config_dir:
        choices |= {path.stem for path in Path(home(config_dir), "objective").glob("*.yaml")}
    if name not in choices:
        listed = ", ".join([*known, *sorted(choices)])
        raise StudyError(f"objective {name!r} is no arm of the study; choose from {listed}")
    return (override("objective", name),)


def check_task(task: str) -> str:
    """Raises StudyError unless a task is one of the study's."""
    if task not in TASKS:
        raise StudyError(f"task={task!r} is not one of {', '.join(TASKS)}")
    return task
