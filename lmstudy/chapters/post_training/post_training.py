"""What comes after pretraining, beside preferences from the start, at equal compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import pandas as pd

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.models.flops import TRAINING as TRAINING_COST
from lmstudy.runs.dpo import dpo_of
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute
from lmstudy.study.estimates import BITS, HELD_OUT, capability_cost, mean_metric, sums, times
from lmstudy.study.preferences import BEST_OF, BUDGETS, arm, graded, judged, judged_arm
from lmstudy.study.shelf import NoRecordsError, Shelf

Became = Callable[[Shelf, str, Sequence[Record]], list[Record]]
BASE = "MLE, four fifths"
"""What post-training starts from: maximum likelihood for so many of the steps."""
FINE_TUNING = ("objective=conditional", "budget.steps=80", "optimizer.warmup_steps=8")
"""Conditional fine-tuning for the last fifth of the steps, as overrides of `lmstudy-train`."""
RESTART = ("objective=mle", "budget.steps=80", "optimizer.warmup_steps=8")
"""Maximum likelihood for the last fifth, with the restart of the optimiser and its rate that fine-tuning has."""
DPO = ("samples=512", "steps=45")
"""Direct preference optimisation that costs as much, as overrides of `lmstudy-dpo`."""
NAMES = {
    "MLE": "MLE, all steps",
    BASE: "MLE, four fifths of the steps",
    "restarted": "... then MLE again, with a restart",
    "fine-tuned": "... then conditional fine-tuning",
    "dpo": "... then DPO",
    "best of 4": "MLE, best of 4 samples",
    "best of 16": "MLE, best of 16 samples",
    "conditional": "conditional from the start",
}


def ways(shelf: Shelf, task: str) -> pd.DataFrame:
    """A row a way (of `NAMES`) that was measured: what it costs, what it writes by both graders, what it knows.

    "cost in steps": so many steps of pretraining cost as much; sampling several times is not counted.
    """
    whole, base = arm(shelf, task, "MLE"), arm(shelf, task, BASE)
    rows = {}

    def add(name: str, runs: Callable[[], list[Record]], *asked: str, start: int = 0) -> None:
        with suppress(NoRecordsError):  # nothing was measured
            own = runs()
            measured = judged(shelf, task, own, *asked)
            after = sum(equivalent_steps(record, whole[0]) for record in own) / len(own) if start else steps(own[0])
            rows[NAMES[name]] = {
                "cost in steps": round(start + after),
                **graded(task, measured),
                BITS: ratio_of_sums_bootstrap(sums(own, "valid")),
                "characters": mean_metric(measured, "diversity/characters"),
                "distinct-2": mean_metric(measured, "diversity/distinct_2"),
                "seeds": len(measured),
            }

    add("MLE", lambda: whole)
    add(BASE, lambda: base)
    add("restarted", lambda: restarted(shelf, task, base), start=steps(base[0]))
    add("fine-tuned", lambda: conditionally_tuned(shelf, task, base), start=steps(base[0]))
    add("dpo", lambda: optimised(shelf, task, base), start=steps(base[0]))
    for number, overrides in BEST_OF.items():
        add(f"best of {number:g}", lambda: whole, *overrides)
    add("conditional", lambda: arm(shelf, task, "conditional"))
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def conditionally_tuned(shelf: Shelf, task: str, bases: Sequence[Record]) -> list[Record]:
    """Conditional fine-tunings of runs, by seed; NoRecordsError where there is none."""
    return _gone_on(shelf, task, bases, FINE_TUNING)


def restarted(shelf: Shelf, task: str, bases: Sequence[Record]) -> list[Record]:
    """Runs that went on by maximum likelihood after a restart, by seed; NoRecordsError where there is none."""
    return _gone_on(shelf, task, bases, RESTART)


def _gone_on(shelf: Shelf, task: str, bases: Sequence[Record], overrides: Sequence[str]) -> list[Record]:
    wanted = (f"experiment={task}", f"budget={BUDGETS[task]}", *overrides)
    return _of_each(bases, lambda base: shelf.trained(*wanted, seeds=[base.seed or 0], start=base))


def optimised(shelf: Shelf, task: str, bases: Sequence[Record]) -> list[Record]:
    """What DPO made of runs, by seed; NoRecordsError where there is none."""
    asked = compose_config("dpo", ["run=any", f"measure={task}", *DPO])
    return _of_each(bases, lambda base: shelf.of("train", dpo_of(asked, base), [base.seed or 0]))


def _of_each(bases: Sequence[Record], find: Callable[[Record], list[Record]]) -> list[Record]:
    found: list[Record] = []
    for base in bases:
        with suppress(NoRecordsError):
            found += find(base)
    if not found:
        raise NoRecordsError(f"of what became of {', '.join(base.name for base in bases)}")
    return found


FORWARD = ("compute/sampled_tokens", "compute/reference_tokens")
"""Tokens that took a forward pass alone."""


def equivalent_steps(record: Record, pretraining: Record) -> float:
    """Steps of `pretraining` that cost as much as a training run `record`, without what it started from.

        steps = (trained tokens + forward tokens / 3) / (tokens of a pretraining step)

    Tokens are those that the decoder writes. Trained ones pass forward and backward, which is worth three forward
    passes; tokens that a model samples (with its cache) or of which it gives a reference probability pass forward
    alone. So an MLE run of 320 steps and a DPO run worth 80 cost what 400 steps of pretraining do. Not counted, on
    either side: scoring, which pretraining with preferences does to its whole corpus; evaluation; and what the
    encoder reads, which is a token a text in DPO and more in pretraining, so that DPO is charged a little too much.

    Raises:
        StudyError: one of the records is of no training.
    """
    for one in (record, pretraining):
        if one.kind != "train":
            raise StudyError(f"{one.name} is a record of kind {one.kind!r}, not a training run")
    spent = record.metrics["train/tokens"] + sum(record.metrics.get(name, 0.0) for name in FORWARD) / TRAINING_COST
    return spent / (pretraining.metrics["train/tokens"] / steps(pretraining))


def steps(record: Record) -> int:
    """Optimiser steps of a training run."""
    budget = record.config["budget"]
    assert isinstance(budget, dict)
    assert isinstance(budget["steps"], int)
    return budget["steps"]


def against(became: Became, task: str = "privacy") -> Compute:
    """How many times more misaligned post-training is than conditional pretraining.

    Args:
        became: `conditionally_tuned` or `optimised`.
        task: of the study.
    """

    def compute(shelf: Shelf) -> Estimate:
        tuned = judged(shelf, task, became(shelf, task, arm(shelf, task, BASE)))
        return times(tuned, judged_arm(shelf, task, "conditional"))

    return compute


def best_of_16(shelf: Shelf, task: str = "privacy") -> Estimate:
    """How many times more misaligned the best of 16 samples of MLE is than conditional pretraining, by the held-out
    grader: the training scorer chose them."""
    return times(judged_arm(shelf, task, "MLE", *BEST_OF[16]), judged_arm(shelf, task, "conditional"), HELD_OUT)


def cost_of_restart(shelf: Shelf, task: str = "privacy") -> Estimate:
    """Per cent of bits per byte that maximum likelihood with a restart at four fifths needs more than without."""
    return capability_cost(restarted(shelf, task, arm(shelf, task, BASE)), arm(shelf, task, "MLE"))


def cost_beside_restart(shelf: Shelf, task: str = "privacy") -> Estimate:
    """Per cent of bits per byte that conditional fine-tuning needs more than maximum likelihood with its restart."""
    base = arm(shelf, task, BASE)
    return capability_cost(conditionally_tuned(shelf, task, base), restarted(shelf, task, base))


def cost(became: Became, task: str = "privacy") -> Compute:
    """Per cent of bits per byte that post-training needs more than conditional pretraining; as `against`."""
    return lambda shelf: capability_cost(became(shelf, task, arm(shelf, task, BASE)), arm(shelf, task, "conditional"))
