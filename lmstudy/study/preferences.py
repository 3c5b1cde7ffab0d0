"""The arms of the study of preferences: which runs there are, and how two of them compare.

An arm is a task (an experiment of `conf/experiment`) and an objective with its settings, over seeds. Its records come
from the published ones, else from the runs folder, and are trained where there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmstudy.compose import group_choices, search_path
from lmstudy.errors import StudyError
from lmstudy.study.comparisons import Arms, Data, data_overrides, gather_arms, measured

if TYPE_CHECKING:
    import numpy as np

    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.runs.records import Record

TASKS = {"pep8": "style", "privacy": "privacy", "sentiment": "sentiment"}
"""Experiments, and how the book calls them."""
BUDGETS = {"pep8": "medium", "privacy": "short", "sentiment": "medium"}
"""What a run of each task may cost (`conf/budget`), where nothing else is said."""
PER_THOUSAND = {"pep8": 1000.0, "privacy": 1000.0, "sentiment": 1.0}
"""Scores are shown per 1,000 characters where they are per character."""
UNITS = {
    "pep8": "violations per 1,000 characters",
    "privacy": "items per 1,000 characters",
    "sentiment": "minus the rating (-4 to 4)",
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
VARIANTS: dict[str, tuple[str, ...]] = {
    "unlikelihood, as released": ("objective=unlikelihood", "objective.released=true"),
    "RWR, as released": ("objective=rwr", "objective.beta=10", "objective.normalise=false"),
    "AWR, as released": ("objective=awr", "objective.beta=10", "objective.normalise=false"),
    "RWR, divided twice": ("objective=rwr", "scorer.divided_twice=true"),
    "conditional, onset 20 %": ("objective=conditional", "objective.onset=0.2"),
    "conditional, onset 60 %": ("objective=conditional", "objective.onset=0.6"),
    "MLE, four fifths": ("objective=mle", "budget.steps=320"),
}
"""Arms beside the objectives: faults of the released code, a later onset, and a part of the steps."""
SETTINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "filtering": {"keep 50 %": ("objective.keep=0.5",), "keep 90 %": ("objective.keep=0.9",)},
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
        return [*self._path(), *data_overrides(self.data), *([f"scorer={self.scorer}"] if self.scorer else [])]

    def judging(self) -> list[str]:
        """Overrides of `lmstudy-evaluate`."""
        return [*self._path(), *([f"scorer@measure.scorers.training={self.scorer}"] if self.scorer else [])]

    def _path(self) -> list[str]:
        return search_path(["--config-dir", self.config_dir]) if self.config_dir else []


STUDY = Own()


def trained(
    task: str,
    names: Iterable[str] = OBJECTIVES,
    seeds: Sequence[int] | None = None,
    budget: str | None = None,
    runs: str = "runs",
    own: Own = STUDY,
    *,
    train: bool = True,
) -> Arms:
    """Training records by name and seed; without `seeds`, all that the study has of each.

    Names are those of the study, or choices of the group `objective`. Without a budget, it is that of `BUDGETS`.

    Raises:
        StudyError: a task or name that is not known; with `train` False, a record that is missing.
    """
    budget = budget or BUDGETS[check_task(task)]
    arms = {name: overrides_of(name, own.config_dir) for name in names}
    found: Arms = {}
    for name, overrides in arms.items():
        wanted = seeds if seeds is not None else MORE_SEEDS if name in MOST_SEEDS else SEEDS
        arm = {name: (f"experiment={task}", *overrides)}
        found |= gather_arms(arm, wanted, budget, runs, own.training(), train=train)
    return found


def overrides_of(name: str, config_dir: str | None = None) -> tuple[str, ...]:
    """Of `lmstudy-train`, for an arm of the study or a choice of the group `objective`.

    Raises:
        StudyError: it is neither.
    """
    known = OBJECTIVES | VARIANTS
    if name in known:
        return known[name]
    choices = set(group_choices("objective"))
    choices |= {path.stem for path in Path(config_dir or "", "objective").glob("*.yaml")} if config_dir else set()
    if name not in choices:
        listed = ", ".join([*known, *sorted(choices)])
        raise StudyError(f"objective {name!r} is no arm of the study; choose from {listed}")
    return (f"objective={name}",)


def judged(
    task: str, arms: Mapping[str, Sequence[Record]], *overrides: str, runs: str = "runs", own: Own = STUDY
) -> Arms:
    """The measurement of samples (`measure=TASK`) of every record; overrides such as "measure.guidance=2"."""
    return measured(arms, [f"measure={check_task(task)}", *own.judging(), *overrides], runs)


def check_task(task: str) -> str:
    """Raises StudyError unless a task is one of the study's."""
    if task not in TASKS:
        raise StudyError(f"task={task!r} is not one of {', '.join(TASKS)}")
    return task


def common_seeds(*arms: Sequence[Record]) -> list[list[Record]]:
    """The records of each arm for the seeds that all of them have, in order.

    Raises:
        StudyError: there is no such seed.
    """
    shared = sorted(set.intersection(*({record.seed for record in records} for records in arms)), key=str)
    if not shared:
        raise StudyError("the arms have no seed in common, so no difference between them can be paired")
    by_seed = [{record.seed: record for record in records} for records in arms]
    return [[own[seed] for seed in shared] for own in by_seed]


def sums(records: Sequence[Record], key: str) -> np.ndarray:
    """[seeds, parts, 2]: sums and sizes of scores of each measurement under a key such as "unprompted/training"."""
    import numpy as np

    missing = [record.name for record in records if key not in record.groups]
    if missing:
        raise StudyError(f"{missing[0]} has no group {key!r}: it is no measurement of that kind")
    return np.array([record.groups[key] for record in records])


def mean(records: Sequence[Record], key: str = "unprompted/training") -> Estimate:
    """Mean score per character or segment, over seeds and texts; of scores that are never negative down to 0."""
    from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap

    table = sums(records, key)
    e = ratio_of_sums_bootstrap(table)
    if (table[..., 0] < 0).any() or not e.low < 0:
        return e
    return Estimate(e.value, 0.0, e.high, e.n, e.confidence, e.df)


def times(first: Sequence[Record], second: Sequence[Record], key: str = "unprompted/training") -> Estimate:
    """How many times higher the mean score of `first` is than that of `second`, paired by seed."""
    from lmstudy.evaluation.statistics import paired_ratio_of_means

    one, other = common_seeds(first, second)
    return paired_ratio_of_means(sums(one, key), sums(other, key))


def more(first: Sequence[Record], second: Sequence[Record], key: str = "unprompted/training") -> Estimate:
    """How much higher the mean score of `first` is than that of `second`, paired by seed."""
    from lmstudy.evaluation.statistics import paired_difference

    one, other = common_seeds(first, second)
    return paired_difference(sums(one, key), sums(other, key), same_groups=False)


def capability_cost(first: Sequence[Record], second: Sequence[Record], split: str = "valid") -> Estimate:
    """Bits per byte of held-out documents that `first` needs more than `second`, as a share of the latter's."""
    import numpy as np

    from lmstudy.evaluation.statistics import paired_ratio_of_means

    one, other = common_seeds(first, second)
    tables = [np.array([record.groups[split] for record in records]) for records in (one, other)]
    return paired_ratio_of_means(*tables, same_groups=True).minus(1.0)
