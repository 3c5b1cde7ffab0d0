"""Losses that learn from the same pairs as DPO: the settings that were tried, and what the chosen ones do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.study.estimates import BITS, GRADERS, mean_metric, sums
from lmstudy.study.preferences import BUDGETS, PER_THOUSAND, VARIANTS, graded, judged
from lmstudy.study.registered_arm import Arm
from lmstudy.study.shelf import NoRecordsError, Shelf

TASK = "privacy"
BASE = (f"experiment={TASK}", f"budget={BUDGETS[TASK]}", *VARIANTS["MLE, four fifths"])
"""What all of them start from, as overrides of `lmstudy-train`."""
TUNED_ON = 1
"""The seed of the start on which settings were tried, on *valid*."""
SEEDS = (131, 132, 133, 134, 135)
"""Of the starts on which the chosen settings are compared, on *test*."""
LIMIT = 2.5
"""Per cent more bits per byte than the start that a chosen setting may cost."""
STEPS = 45
CHOSEN: Mapping[str, tuple[float, str]] = {
    "DPO": (0.1, "3.0e-4"),
    "IPO": (0.01, "3.0e-4"),
    "KTO": (0.1, "1.0e-3"),
    "ORPO": (1.0, "3.0e-4"),
}
"""beta and learning rate of each loss."""
MORE_BITS = "% more bits per byte than the start"
ITEMS = "training scorer"


def chosen(name: str) -> Arm:
    """The arm of a loss in the register."""
    beta, rate = CHOSEN[name]
    dpo = [f"loss={name.lower()}", f"beta={beta}", f"optimizer.lr={rate}", "samples=512", f"steps={STEPS}"]
    return Arm(list(BASE), measure=[f"measure={TASK}"], dpo=dpo)


def tried(shelf: Shelf) -> pd.DataFrame:
    """A row a setting, the fewest items first: its price, and what is left by each grader (one seed, *valid*).

    Raises:
        NoRecordsError: the start has no record, or nothing was made of it.
    """
    (start,) = shelf.as_is().trained(*BASE, seeds=[TUNED_ON])
    made = [run for run in shelf.records if run.kind == "train" and _settings(run, start)]
    measured = {one.config["run"]["id"]: one for one in judged(shelf.as_is(), TASK, made)}  # type: ignore[index,call-overload]
    rows = [_row(run, start, measured[run.id]) for run in made if run.id in measured]
    if not rows:
        raise NoRecordsError("of settings of losses of pairs")
    return pd.DataFrame(rows).sort_values(ITEMS, ignore_index=True)


def _settings(run: Record, start: Record) -> bool:
    settings: Any = run.config.get("dpo")
    return bool(settings) and run.config.get("start") == start.id and _steps(run) == STEPS


def _steps(run: Record) -> int:
    budget: Any = run.config["budget"]
    return int(budget["steps"])


def _row(run: Record, start: Record, measured: Record) -> dict[str, Any]:
    config: Any = run.config
    loss = config["loss"]["_target_"].rpartition(".")[2] if config.get("loss") else "DPO"
    price = run.metrics["valid/bits_per_byte"] / start.metrics["valid/bits_per_byte"]
    return {
        "loss": loss,
        "beta": config["dpo"]["beta"],
        "learning rate": config["optimizer"]["lr"],
        MORE_BITS: 100 * (price - 1),
        **{grader: PER_THOUSAND[TASK] * measured.metrics[f"{key}/mean"] for grader, key in GRADERS.items()},
    }


def best(frame: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Of each loss in `tried`, beta and learning rate with the fewest items within `LIMIT`."""
    within = frame[frame[MORE_BITS] <= LIMIT]
    first = within.groupby("loss", sort=False).first()
    return {str(name): (float(row["beta"]), float(row["learning rate"])) for name, row in first.iterrows()}


def compared(shelf: Shelf) -> pd.DataFrame:
    """A row a loss at its chosen setting, and the start: items by both graders and bits per byte, on *test*."""
    rows = {}
    arms = {"the start": Arm(list(BASE), measure=[f"measure={TASK}"]), **{name: chosen(name) for name in CHOSEN}}
    for name, arm in arms.items():
        runs = arm.runs(shelf, SEEDS)
        texts = shelf.measured(runs, *arm.measure, "split=test")
        bits = shelf.measured(runs, "measure=likelihood", "split=test")
        rows[name] = {
            **graded(TASK, texts),
            BITS: ratio_of_sums_bootstrap(sums(bits, "test")),
            "characters": mean_metric(texts, "diversity/characters"),
            "seeds": len(texts),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
