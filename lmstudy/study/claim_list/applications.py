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
    LOGISTIC,
    SCORES,
    TITLES,
    Score,
    among,
    baselines_among,
    difference,
    estimate,
    main_score,
)

CHAPTERS = {
    "sentiment": "notebooks/18_classification",
    "sentiment_zh": "notebooks/18_classification",
    "translation": "notebooks/19_translation",
    "question_answering": "notebooks/20_question_answering",
    "summarisation": "notebooks/21_summarisation",
    "generation": "notebooks/22_generation",
}


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
    )(_apart(_task, MLE, SCRATCH))
    _of(
        id=f"apply.{_task}.conditional_vs_mle",
        sentence=f"On {_title}, pretraining with control tokens is not shown to be worse than maximum likelihood.",
        holds=lambda e: e.high > 0,
    )(_apart(_task, "conditional", MLE))
    if _task != "translation":
        _of(
            id=f"apply.{_task}.filtering_vs_mle",
            sentence=f"On {_title}, pretraining on filtered text is not shown to be worse than maximum likelihood.",
            holds=lambda e: e.high > 0,
        )(_apart(_task, "filtering", MLE))

for _task in ("sentiment", "sentiment_zh"):
    claim(
        id=f"apply.{_task}.above_logistic",
        chapter=CHAPTERS[_task],
        unit="points of macro F1",
        spec="+.3f",
        sentence=f"On {TITLES[_task]}, a pretrained network is better than logistic regression on TF-IDF.",
        holds=lambda e: e.low > 0,
    )(_above(_task, LOGISTIC))

for _task, _baseline in (
    ("translation", "translation memory"),
    ("question_answering", "lead"),
    ("summarisation", "nearest"),
    ("generation", "nearest"),
):
    claim(
        id=f"apply.{_task}.above_{_baseline.replace(' ', '_')}",
        chapter=CHAPTERS[_task],
        unit=f"points of {main_score(_task).label}",
        spec=f"+{main_score(_task).spec}",
        sentence=f"On {TITLES[_task]}, a pretrained network is better than the baseline {_baseline!r}.",
        holds=lambda e: e.low > 0,
    )(_above(_task, _baseline))

claim(
    id="apply.translation.placeholders",
    chapter=CHAPTERS["translation"],
    unit="% of placeholders",
    spec=".1f",
    sentence="A fine-tuned network keeps at least 98 per cent of the placeholders of the messages that it translates.",
    holds=lambda e: e.low >= 98,
)(lambda records: estimate(among(records, "translation", MLE), SCORES["translation"][2]))

claim(
    id="apply.summarisation.pretraining_pays_in_bits",
    chapter=CHAPTERS["summarisation"],
    unit="bits per byte",
    spec="+.2f",
    sentence="A pretrained network needs fewer bits for the summaries of people than one from scratch.",
    holds=lambda e: e.high < 0,
)(_apart("summarisation", MLE, SCRATCH, BITS))

claim(
    id="apply.generation.style_survives",
    chapter=CHAPTERS["generation"],
    unit="violations per 1,000 characters",
    spec="+.2f",
    sentence="Fine-tuned on people's code, a model pretrained with control tokens for style breaks fewer rules of it.",
    holds=lambda e: e.high < 0,
)(_apart("generation", "conditional", MLE, SCORES["generation"][2]))
