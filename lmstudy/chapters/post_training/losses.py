"""Losses that learn from the same pairs as DPO: the settings that were tried, and what the chosen ones do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lmstudy.chapters.post_training.post_training import BASE, DPO, steps
from lmstudy.compose import compose_config
from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.runs.identity import PAIR_LOSS
from lmstudy.runs.records import Record
from lmstudy.study import register
from lmstudy.study.estimates import BITS, GRADERS, mean_metric, sums
from lmstudy.study.preferences import PER_THOUSAND, arm, graded, judged
from lmstudy.study.shelf import Shelf

TASK = "privacy"
TUNED_ON = 1
"""The seed of the start on which settings were tried, on *valid*."""
LIMIT = 2.5
"""Per cent more bits per byte than the start that a chosen setting may cost."""
MORE_BITS = "% more bits per byte than the start"
ITEMS = "training scorer"
"""The grader that settings were chosen by, of `GRADERS`."""
REGISTERED = ("losses.ipo_items", "losses.kto_items", "losses.orpo_items")
"""Predictions of the register whose first arm is a loss at its chosen setting, and whose second is DPO at its own."""


def tried(shelf: Shelf) -> pd.DataFrame:
    """A row a setting, the fewest items first: its price, and what is left by each grader (one seed, *valid*).

    Raises:
        NoRecordsError: the start has no record, or nothing was made of it.
    """
    shelf = shelf.as_is()
    (start,) = arm(shelf, TASK, BASE, [TUNED_ON])
    length = compose_config("dpo", ["run=any", *DPO])["steps"]
    tuned = [run for run in shelf.records if run.kind == "train" and run.config.get("dpo")]
    made = {run.id: run for run in tuned if run.config.get("start") == start.id and steps(run) == length}
    rows = [_row(made, start, measured) for measured in judged(shelf, TASK, list(made.values()))]
    return pd.DataFrame(rows).sort_values(ITEMS, ignore_index=True)


def _row(made: Mapping[str, Record], start: Record, measured: Record) -> dict[str, Any]:
    of: Any = measured.config["run"]
    run, config = made[of["id"]], of["config"]
    price = run.metrics["valid/bits_per_byte"] / start.metrics["valid/bits_per_byte"]
    return {
        "loss": str((config.get("loss") or PAIR_LOSS)["_target_"]).rpartition(".")[2],
        "beta": config["dpo"]["beta"],
        "learning rate": config["optimizer"]["lr"],
        MORE_BITS: 100 * (price - 1),
        **{grader: PER_THOUSAND[TASK] * measured.metrics[f"{key}/mean"] for grader, key in GRADERS.items()},
    }


def best(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each loss in `tried`, the row with the fewest items within `LIMIT`."""
    return frame[frame[MORE_BITS] <= LIMIT].groupby("loss", as_index=False).first()


def compared(shelf: Shelf) -> pd.DataFrame:
    """A row a loss at its chosen setting: items by both graders and bits per byte, on the seeds and split of the
    register; NoRecordsError where one was not trained or measured."""
    known = {entry.prediction.id: entry.prediction for entry in register.read().values()}
    predicted = [known[name] for name in REGISTERED]
    arms = {"DPO": predicted[0].second, **{one.id.split(".")[1].split("_")[0].upper(): one.first for one in predicted}}
    split = f"split={predicted[0].split}"
    rows = {}
    for name, one in arms.items():
        assert one is not None
        runs = one.runs(shelf, predicted[0].seeds)
        texts = shelf.measured(runs, *one.measure, split)
        bits = shelf.measured(runs, "measure=likelihood", split)
        rows[name] = {
            **graded(TASK, texts),
            BITS: ratio_of_sums_bootstrap(sums(bits, predicted[0].split)),
            "characters": mean_metric(texts, "diversity/characters"),
            "seeds": len(texts),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
