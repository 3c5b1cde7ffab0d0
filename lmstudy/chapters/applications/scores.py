"""Scores of fine-tunings and of their rivals: which each task has, with intervals, and how two of them compare."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from lmstudy.errors import StudyError
from lmstudy.evaluation.f1 import macro_f1, macro_f1_difference
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.show.points import Found
from lmstudy.show.tables import differences, shown
from lmstudy.study.applications import MLE, PEER, SCRATCH, UNTRAINED, Arm, Tuned
from lmstudy.study.estimates import common_seeds, mean_metric, sums

PER_CENT = 100.0


@dataclass(frozen=True)
class Score:
    """A measure of answers, as it is shown."""

    row: str
    """Of a record's groups: "f1" of labels is made of the confusion table."""
    label: str
    factor: float = 1.0
    decimals: int = 3
    """In tables of results; differences have the digits of their intervals."""
    lower: Literal["better", "worse"] = "worse"
    """What a lower score is."""


F1 = Score("f1", "macro F1")
BITS = Score("bits", "bits per byte of people's answers", lower="better")
SOURCE = Score("source", "bits per byte that the source saves")
"""Bits of people's answers behind the source of another example, minus those behind their own."""
SCORES: dict[str, tuple[Score, ...]] = {
    "sentiment": (F1, Score("accuracy", "accuracy")),
    "sentiment_zh": (F1, Score("accuracy", "accuracy")),
    "translation": (
        Score("chrf", "chrF, mean of messages", decimals=1),
        Score("exact", "exact, %", PER_CENT, 1),
        Score("placeholders", "placeholders kept, %", PER_CENT, 1),
    ),
    "question_answering": (
        Score("f1", "F1 of words", decimals=1),
        Score("exact", "exact match, %", decimals=1),
        Score("extractive", "stands in the docstring, %", PER_CENT, 0),
    ),
    "summarisation": (
        Score("rouge_l", "ROUGE-L", PER_CENT, 1),
        Score("rouge_1", "ROUGE-1", PER_CENT, 1),
        Score("rouge_2", "ROUGE-2", PER_CENT, 1),
        Score("faithful", "faithful, %", PER_CENT, 0),
    ),
    "generation": (
        Score("chrf", "chrF, mean of bodies", decimals=1),
        Score("parses", "parses, %", PER_CENT, 0),
        Score("style", "violations of style per 1,000 characters", 1000, 1, "better"),
        Score("privacy", "personal data per 1,000 characters", 1000, 2, "better"),
    ),
}
"""Of each task, the one that runs are compared by first."""
TITLES = {
    "sentiment": "sentiment, English",
    "sentiment_zh": "sentiment, Chinese",
    "translation": "translation",
    "question_answering": "question answering",
    "summarisation": "summarisation",
    "generation": "generation of functions",
}


def main_score(task: str) -> Score:
    return SCORES[task][0]


def named(start: str) -> str:
    """A start as the book calls it."""
    untrained = {SCRATCH: "network from scratch", PEER: "T5 from scratch"}
    return untrained.get(start, f"pretrained, {start}")


def sized(size: int | None) -> str:
    return f"{size:,} examples" if size else "all examples"


def table(records: Sequence[Record], score: Score, answerer: str = "") -> np.ndarray:
    """[seeds, parts, 2] sums, or of macro F1 of labels [seeds, parts, K, M] counts.

    Args:
        records: fine-tunings by seed, or one record of baselines.
        score: which.
        answerer: of a record of baselines, the name of one.

    Raises:
        StudyError: records without such a row.
    """
    prefix = f"test/{answerer}/" if answerer else "test/"
    if score.row == "f1" and any(name.startswith(f"{prefix}confusion/") for name in records[0].groups):
        return np.array([_confusion(record, f"{prefix}confusion/") for record in records])
    return sums(records, f"{prefix}{score.row}")


def _confusion(record: Record, start: str) -> np.ndarray:
    """[parts, K, M]: how often each of K labels was told as each of them, or as what else there was."""
    cells = {
        tuple(name.removeprefix(start).split("/")): [count for count, _ in rows]
        for name, rows in record.groups.items()
        if name.startswith(start)
    }
    labels = list(dict.fromkeys(true for true, _ in cells))
    told = [*labels, *sorted({other for _, other in cells} - set(labels))]
    none = [0.0] * len(next(iter(cells.values())))
    return np.array([[cells.get((true, other), none) for other in told] for true in labels]).transpose(2, 0, 1)


def estimate(records: Sequence[Record], score: Score, answerer: str = "") -> Estimate:
    """The score over seeds and test examples; no score is below 0, and none in per cent above 100."""
    found = table(records, score, answerer)
    e = (macro_f1(found) if found.ndim == 4 else ratio_of_sums_bootstrap(found)).times(score.factor)
    return replace(e, low=max(e.low, 0.0), high=min(e.high, PER_CENT) if score.factor == PER_CENT else e.high)


def difference(first: Sequence[Record], second: Sequence[Record], score: Score, than: str = "") -> Estimate:
    """The score of `first` minus that of `second`, paired by seed and test example.

    Args:
        first, second: fine-tunings; `second` may be one record of baselines, which stands for every seed.
        score: which.
        than: the name of the baseline.

    Raises:
        StudyError: no seed in common, or other test examples.
    """
    if not than:
        first, second = common_seeds(first, second)
    a, b = table(first, score), table(second, score, than)
    if a.ndim == 4:
        return macro_f1_difference(a, b).times(score.factor)
    if not np.array_equal(a[0, :, 1], b[0, :, 1]) and score.row not in ("style", "privacy", "placeholders"):
        raise StudyError(f"{first[0].name} and {second[0].name} were tested on other examples")
    return paired_difference(a, b).times(score.factor)


def pays(arms: Tuned, score: Score) -> dict[str, Estimate]:
    """Score of maximum likelihood minus that of the network from scratch, by the number of examples."""
    return {
        sized(size): difference(records, arms[Arm(SCRATCH, size)], score)
        for (start, size), records in arms.items()
        if start == MLE and Arm(SCRATCH, size) in arms
    }


def against(arms: Tuned, size: int | None, score: Score) -> dict[str, Estimate]:
    """Score of each other objective minus that of maximum likelihood, at as many examples."""
    return {
        arm.start: difference(records, arms[Arm(MLE, size)], score)
        for arm, records in arms.items()
        if arm.examples == size and arm.start not in (MLE, *UNTRAINED)
    }


def costs(arms: Tuned, score: Score) -> Found:
    """The same by number of training examples and by objective."""
    sizes = dict.fromkeys(arm.examples for arm in arms if arm.start not in (MLE, *UNTRAINED))
    return {sized(size): against(arms, size, score) for size in sizes}


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
            rows[named(arm.start)] = {label: e if e.low < e.high else e.value for label, e in found.items()}
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
    return shown(differences(found, score.label, score.lower), caption, signed=True)
