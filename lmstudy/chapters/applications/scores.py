"""Scores of fine-tunings as the chapters show them: tables of results and differences, and learning curves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from pandas.io.formats.style import Styler

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.points import Found
from lmstudy.show.tables import differences, shown
from lmstudy.study.applications import MLE, PEER, SCRATCH, UNTRAINED, Arm, Tuned
from lmstudy.study.estimates import mean_metric
from lmstudy.study.task_scores import BITS, SCORES, Score, difference, estimate


def named(start: str) -> str:
    """A start as the book calls it."""
    untrained = {SCRATCH: "network from scratch", PEER: "T5 from scratch"}
    return untrained.get(start, f"pretrained, {start}")


def sized(size: int | None) -> str:
    """A number of training examples in words; None: all."""
    return f"{size:,} examples" if size else "all examples"


def pays(arms: Tuned, score: Score) -> dict[str, Estimate]:
    """Score of maximum likelihood minus that of the network from scratch, by the number of examples."""
    return {
        sized(size): difference(records, arms[Arm(SCRATCH, size)], score)
        for (start, size), records in arms.items()
        if start == MLE and Arm(SCRATCH, size) in arms
    }


def others(arms: Tuned, size: int | None) -> Tuned:
    """The arms of objectives other than maximum likelihood, at as many examples."""
    return {
        arm: records for arm, records in arms.items() if arm.examples == size and arm.start not in (MLE, *UNTRAINED)
    }


def against(arms: Tuned, size: int | None, score: Score) -> dict[str, Estimate]:
    """Score of each other objective minus that of maximum likelihood, at as many examples."""
    return {arm.start: difference(records, arms[Arm(MLE, size)], score) for arm, records in others(arms, size).items()}


def costs(arms: Tuned, score: Score) -> Found:
    """The same by number of training examples and by objective."""
    found = {sized(size): against(arms, size, score) for size in dict.fromkeys(arm.examples for arm in arms)}
    return {title: apart for title, apart in found.items() if apart}


def learning(
    arms: Tuned, score: Score, baselines: Collection[Record] = (), names: Sequence[str] = ()
) -> dict[str, dict[float, Estimate]]:
    """A score by the number of training examples: from scratch, from maximum likelihood, and of baselines by name.

    Args:
        arms: fine-tunings.
        score: which.
        baselines: records of baselines, one for each number of examples.
        names: of those that are shown.
    """
    found: dict[str, dict[float, Estimate]] = {}
    for arm, records in arms.items():
        if arm.start in (SCRATCH, MLE):
            found.setdefault(named(arm.start), {})[_learned(records[0])] = estimate(records, score)
    return found | {name: {_learned(one): estimate([one], score, name) for one in baselines} for name in names}


def _learned(record: Record) -> float:
    """Of all, as many as there were."""
    return record.metrics["train/examples"]


def answerers(record: Record) -> list[str]:
    """The names of a record's baselines."""
    names = [name.split("/")[1] for name in record.metrics if name.startswith("test/") and name.count("/") > 1]
    return list(dict.fromkeys(names))


def results(task: str, arms: Tuned, size: int | None, against: Sequence[Record] = ()) -> pd.DataFrame:
    """A row a baseline and a start, with every score of the task; all learned from `size` examples.

    Baselines have no interval, nor has a score that is the same in every answer.
    """
    rows: dict[str, dict[str, Estimate | float]] = {
        name: {score.label: estimate([record], score, name).value for score in SCORES[task]}
        for record in against
        for name in answerers(record)
    }
    for arm, records in arms.items():
        if arm.examples == size:
            own = [*SCORES[task], *([BITS] if f"test/{BITS.row}" in records[0].groups else [])]
            found = {score.label: estimate(records, score) for score in own}
            rows[named(arm.start)] = {label: e.value if e.low == e.high else e for label, e in found.items()}
            rows[named(arm.start)]["seeds"] = len(records)
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def scored(task: str, arms: Tuned, size: int | None, caption: str, against: Sequence[Record] = ()) -> Styler:
    """`results` as the book shows them."""
    found = results(task, arms, size, against)
    decimals = {score.label: score.decimals for score in (*SCORES[task], BITS) if score.label in found}
    return shown(found, caption, decimals=decimals)


def means(arms: Tuned, size: int | None, keys: Mapping[str, str], known: Record | None = None) -> pd.DataFrame:
    """Metrics of the test by start, means over seeds, and of baselines.

    Args:
        arms: fine-tunings; those from `size` examples are shown.
        size: training examples; None: all.
        keys: metrics by the name of their column, as {"BLEU": "bleu"}.
        known: a record of baselines.
    """
    found = {name: ([known], f"test/{name}") for name in answerers(known)} if known else {}
    found |= {named(arm.start): (records, "test") for arm, records in arms.items() if arm.examples == size}
    rows = {
        name: {title: mean_metric(records, f"{prefix}/{key}") for title, key in keys.items()}
        for name, (records, prefix) in found.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def compared(found: Mapping[str, Estimate], score: Score, caption: str) -> Styler:
    """Differences of a score as a table, with what they allow to say."""
    return shown(differences(found, score.label, score.lower), caption, decimals=score.decimals, signed=True)
