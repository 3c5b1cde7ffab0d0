"""The scores of fine-tunings and of their rivals: which each task has, with intervals, and how two of them compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.f1 import macro_f1, macro_f1_difference
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.study.estimates import common_seeds, sums

PER_CENT = 100.0


@dataclass(frozen=True)
class Score:
    """A measure of answers, as it is shown."""

    row: str
    """Of a record's groups: "f1" of labels is made of the confusion table."""
    label: str
    factor: float = 1.0
    decimals: int = 3
    """In tables."""
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
        Score("extractive", "found in the docstring, %", PER_CENT, 0),
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
    """That by which a task's runs are compared first."""
    return SCORES[task][0]


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
    return e.clipped(0.0, PER_CENT if score.factor == PER_CENT else math.inf)


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
