"""Claims of the chapters on applications."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import Compute, claim
from lmstudy.study.records import Record
from lmstudy.study.task_arms import MLE, SCRATCH
from lmstudy.study.task_chapter import (
    AT,
    BITS,
    TITLES,
    Score,
    among,
    baselines_among,
    difference,
    main_score,
)

CHAPTERS = {
    "question_answering": "notebooks/18_question_answering",
    "summarisation": "notebooks/19_summarisation",
}
RIVALS = {"question_answering": "lead", "summarisation": "nearest"}
AHEAD = {"question_answering": "rule", "summarisation": "lead"}
"""Baselines that do better than a pretrained network."""


def _apart(task: str, first: str, second: str, score: Score | None = None) -> Compute:
    def compute(records: Sequence[Record]) -> Estimate:
        return difference(among(records, task, first), among(records, task, second), score or main_score(task))

    return compute


def _above(task: str, baseline: str, size: int = AT) -> Compute:
    """A pretrained network minus a baseline on as many examples."""

    def compute(records: Sequence[Record]) -> Estimate:
        own, other = among(records, task, MLE, size), baselines_among(records, task, size)
        return difference(own, [other], main_score(task), than=baseline)

    return compute


for _task, _chapter in CHAPTERS.items():
    _title, _score = TITLES[_task], main_score(_task)
    _of = partial(claim, chapter=_chapter, unit=f"points of {_score.label}", spec=f"+{_score.spec}")
    _of(
        id=f"apply.{_task}.pretraining_pays",
        sentence=f"On {_title}, with {AT:,} examples, a pretrained network is better than one from scratch.",
        holds=lambda e: e.low > 0,
        expected=False,
    )(_apart(_task, MLE, SCRATCH))
    _of(
        id=f"apply.{_task}.conditional_vs_mle",
        sentence=f"On {_title}, pretraining with control tokens is not shown to be worse than maximum likelihood.",
        holds=lambda e: e.high > 0,
    )(_apart(_task, "conditional", MLE))
    _of(
        id=f"apply.{_task}.filtering_vs_mle",
        sentence=f"On {_title}, pretraining on filtered text is not shown to be worse than maximum likelihood.",
        holds=lambda e: e.high > 0,
    )(_apart(_task, "filtering", MLE))
    _of(
        id=f"apply.{_task}.above_{RIVALS[_task]}",
        sentence=f"On {_title}, a pretrained network is better than the baseline {RIVALS[_task]!r}.",
        holds=lambda e: e.low > 0,
    )(_above(_task, RIVALS[_task]))
    _of(
        id=f"apply.{_task}.below_{AHEAD[_task]}",
        sentence=f"On {_title}, the baseline {AHEAD[_task]!r} is better than a pretrained network.",
        holds=lambda e: e.high < 0,
    )(_above(_task, AHEAD[_task]))

claim(
    id="apply.summarisation.pretraining_pays_in_bits",
    chapter=CHAPTERS["summarisation"],
    unit="bits per byte",
    spec="+.2f",
    sentence="A pretrained network needs fewer bits for the summaries of people than one from scratch.",
    holds=lambda e: e.high < 0,
)(_apart("summarisation", MLE, SCRATCH, BITS))
