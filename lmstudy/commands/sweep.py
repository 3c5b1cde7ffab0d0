"""A sweep: every job ends in an outcome, whichever launcher runs it, and the sweep in a summary.

Launchers run jobs in this process, in others, or on other machines, and what a job returns is all that finds its way
back from everywhere. So a job that fails returns that it failed, and the others go on.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch

from lmstudy.errors import StudyError

if TYPE_CHECKING:  # only a sweep waits for Hydra
    from hydra.core.utils import JobReturn

    from lmstudy.runs.records import Record

State = Literal["done", "reused", "failed"]


@dataclass(frozen=True)
class Objective:
    """What a sweeper that searches, such as Optuna's, makes better.

    Attributes:
        metric: its name, as messages say it.
        direction: whether less of it is better, or more.
        of: its value in a finished record.
    """

    metric: str
    direction: Literal["minimize", "maximize"]
    of: Callable[[Record], float]


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        state: it was done now, its record was there, or it failed.
        value: of the objective; None where there is none.
        metric: the name of the objective, if there is one.
        reason: of a failure, in a line.
        overrides: of the job, as they were typed or drawn.
    """

    state: State
    value: float | None = None
    metric: str = ""
    reason: str = ""
    overrides: tuple[str, ...] = ()


@dataclass
class Sweep:
    """The outcomes of the jobs of a sweep so far, in their order, and how many were begun."""

    outcomes: list[Outcome]
    begun: int = 0
    asked: bool = False
    """Whether there is a sweep at all."""
    searches: str = ""
    """The direction of a sweeper that searches, such as "minimize"."""

    @property
    def failed(self) -> bool:
        return any(outcome.state == "failed" for outcome in self.outcomes)

    def summary(self) -> list[str]:
        """Lines: how many jobs ended how, each failure with its overrides and the reason, and the best of a search."""
        counts = {state: sum(one.state == state for one in self.outcomes) for state in ("done", "reused", "failed")}
        told = [f"{number} {state}" for state, number in counts.items()]
        if left := self.begun - len(self.outcomes):
            told.append(f"{left} not finished")
        lines = [f"sweep of {self.begun}: {', '.join(told)}"]
        lines += [f"  failed: {self._named(one)}: {one.reason}" for one in self.outcomes if one.state == "failed"]
        known = [one for one in self.outcomes if one.state != "failed" and one.value is not None]
        if self.searches and known:
            choose = min if self.searches == "minimize" else max
            best = choose(known, key=lambda one: one.value or 0.0)
            lines.append(f"  best: {self._named(best)}: {best.metric} {best.value:.4g}")
        return lines

    def _named(self, outcome: Outcome) -> str:
        """The overrides that tell this job from the others; of a single job, all."""
        common = set.intersection(*(set(one.overrides) for one in self.outcomes)) if len(self.outcomes) > 1 else set()
        return " ".join(each for each in outcome.overrides if each not in common) or "the job"


def check_direction(command: str, objective: Objective | None, sweeper: Any) -> None:
    """Refuse a search that has nothing to make better, or would make it worse.

    Args:
        command: such as "lmstudy-train".
        objective: of this command, if it has one.
        sweeper: Hydra's configuration of it; those that search have a `direction`.

    Raises:
        StudyError: says what to type instead.
    """
    direction = _direction(sweeper)
    if not direction:
        return
    if objective is None:
        raise StudyError(f"{command} leaves nothing that hydra/sweeper could make better: leave hydra/sweeper=... out")
    if direction != objective.direction:
        raise StudyError(
            f"hydra.sweeper.direction={direction}: of {objective.metric}, "
            f"{'less' if objective.direction == 'minimize' else 'more'} is better; "
            f"set hydra.sweeper.direction={objective.direction}"
        )


def _direction(sweeper: Any) -> str:
    """The direction of a sweeper that searches, in small letters; nothing of one that goes through what it is given."""
    found = sweeper.get("direction") if sweeper is not None else None
    return str(getattr(found, "name", found or "")).lower()


@contextmanager
def watched() -> Iterator[Sweep]:
    """Outcomes of the jobs that Hydra launches meanwhile; jobs return an `Outcome`, and sweepers get its value."""
    from hydra.core.plugins import Plugins
    from hydra.plugins.launcher import Launcher

    sweep = Sweep([])
    usual = Plugins.instantiate_launcher

    class Watched(Launcher):
        """A launcher, and someone who takes down what comes of its jobs."""

        def __init__(self, launcher: Launcher, here: bool) -> None:
            self.launcher, self.here = launcher, here

        def setup(self, **given: Any) -> None:
            raise AssertionError("it is set up before it is watched")

        def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
            sweep.begun += len(job_overrides)
            # What runs in this process comes one by one, so that Ctrl-C loses no outcome of those before.
            size = 1 if self.here else max(len(job_overrides), 1)
            returned: list[JobReturn] = []
            for first in range(0, len(job_overrides), size):
                batch = job_overrides[first : first + size]
                returned += _launched(self.launcher, batch, initial_job_idx + first, sweep)
            return returned

    def instantiate(plugins: Plugins, *given: Any, **named: Any) -> Launcher:
        launcher = usual(plugins, *given, **named)
        config, sweep.asked = named["config"].hydra, True
        sweep.searches = _direction(config.sweeper)
        return Watched(launcher, here=config.launcher._target_.endswith("BasicLauncher"))

    with patch.object(Plugins, "instantiate_launcher", instantiate):
        yield sweep


def _launched(launcher: Any, batch: Sequence[Sequence[str]], first: int, sweep: Sweep) -> list[JobReturn]:
    """What a launcher's jobs return; their outcomes are noted."""
    from hydra.core.utils import JobReturn, JobStatus

    try:
        returned = list(launcher.launch(batch, initial_job_idx=first))
    except StudyError:
        raise
    except Exception as error:
        if type(error).__module__.split(".")[0] in {"hydra", "omegaconf"}:  # nothing was launched
            raise
        line = " ".join([f"{type(error).__name__}:", *str(error).strip().splitlines()[:1]])
        lost = Outcome("failed", reason=f"{type(launcher).__name__} lost its jobs ({line}); what is finished is kept")
        returned = [JobReturn(status=JobStatus.COMPLETED, _return_value=lost) for _ in batch]
    for overrides, one in zip(batch, returned, strict=True):
        if one.status == JobStatus.FAILED:  # an error of the whole sweep: those of a job are outcomes
            raise one._return_value
        if isinstance(one._return_value, Outcome):
            ended = replace(one._return_value, overrides=tuple(overrides))
            sweep.outcomes.append(ended)
            worst = math.inf if sweep.searches == "minimize" else -math.inf
            one.return_value = worst if ended.state == "failed" else ended.value
    return returned


def tell(command: str, sweep: Sweep) -> None:
    """The summary on stderr."""
    for line in sweep.summary():
        print(f"{command}: {line}", file=sys.stderr)
