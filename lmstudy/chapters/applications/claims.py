"""Claims of the chapters on applications."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lmstudy.chapters.applications.scores import (
    AT,
    BITS,
    SCORES,
    STUDIED,
    TITLES,
    Score,
    among,
    baselines_among,
    difference,
    estimate,
    main_score,
)
from lmstudy.chapters.applications.sources import SOURCE, source_records
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.applications import DRAWN, KEPT, MLE, SCRATCH
from lmstudy.study.claims import Compute, claim
from lmstudy.tasks.baselines import LOGISTIC

CHAPTERS = {
    "sentiment": "notebooks/18_classification",
    "sentiment_zh": "notebooks/18_classification",
    "translation": "notebooks/19_translation",
    "question_answering": "notebooks/20_question_answering",
    "summarisation": "notebooks/21_summarisation",
    "generation": "notebooks/22_generation",
}
RIVALS = {"question_answering": "lead", "summarisation": "nearest"}
"""Baselines that a pretrained network was hoped to beat."""
AHEAD = {
    "sentiment": LOGISTIC,
    "sentiment_zh": LOGISTIC,
    "translation": "translation memory",
    "question_answering": "rule",
    "summarisation": "lead",
    "generation": "nearest",
}
"""Baselines that do better than a pretrained network."""


MEANS = {
    "filtering": "on filtered text",
    "conditional": "with control tokens",
    "conditional, cooldown": "with control tokens that end before the training does",
    "selective": "with the selective loss",
    "unlikelihood": "with unlikelihood",
    "RWR": "by reward-weighted regression",
    "AWR": "by advantage-weighted regression",
}
"""How pretraining with an objective is called."""
WORSE = (("generation", "filtering"),)
"""Where an objective is shown to be worse than maximum likelihood."""


def _short(name: str) -> str:
    return "logistic" if name == LOGISTIC else name.lower().replace(", ", "_").replace(" ", "_")


def _apart(
    task: str, first: str, second: str, score: Score | None = None, *fine_tuning: str, size: int = AT
) -> Compute:
    def compute(records: Sequence[Record]) -> Estimate:
        a, b = (among(records, task, start, size, *fine_tuning) for start in (first, second))
        return difference(a, b, score or main_score(task))

    return compute


def _ways(task: str, first: Sequence[str], second: Sequence[str]) -> Compute:
    """Two ways to fine-tune or to answer, as overrides of `lmstudy-finetune`, of the same pretraining."""

    def compute(records: Sequence[Record]) -> Estimate:
        a, b = (among(records, task, MLE, AT, *how) for how in (first, second))
        return difference(a, b, main_score(task))

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
    for _name in STUDIED[_task]:
        _of(
            id=f"apply.{_task}.{_short(_name)}_vs_mle",
            sentence=f"On {_title}, pretraining {MEANS[_name]} is not shown to be worse than maximum likelihood.",
            holds=lambda e: e.high > 0,
            expected=(_task, _name) not in WORSE,
        )(_apart(_task, _name, MLE))
    if _task in RIVALS:
        _of(
            id=f"apply.{_task}.above_{_short(RIVALS[_task])}",
            sentence=f"On {_title}, a pretrained network is better than the baseline {RIVALS[_task]!r}.",
            holds=lambda e: e.low > 0,
        )(_above(_task, RIVALS[_task]))
    if _task in AHEAD:
        _of(
            id=f"apply.{_task}.below_{_short(AHEAD[_task])}",
            sentence=f"On {_title}, the baseline {AHEAD[_task]!r} is better than a pretrained network.",
            holds=lambda e: e.high < 0,
        )(_above(_task, AHEAD[_task]))

for _task in ("sentiment", "sentiment_zh"):
    claim(
        id=f"apply.{_task}.pretraining_pays_decoder",
        chapter=CHAPTERS[_task],
        unit=f"points of {main_score(_task).label}",
        spec=f"+{main_score(_task).spec}",
        sentence=f"On {TITLES[_task]}, read by the decoder, a pretrained network is better than one from scratch.",
        holds=lambda e: e.low > 0,
        expected=False,
    )(_apart(_task, MLE, SCRATCH, None, "head=decoder"))

for _task, _of_what in (("sentiment", "ratings"), ("sentiment_zh", "labels")):
    claim(
        id=f"apply.{_task}.critic_pays_with_few",
        chapter=CHAPTERS[_task],
        unit="points of macro F1",
        spec="+.3f",
        sentence=f"On {TITLES[_task]}, with 100 examples, pretraining with a critic of {_of_what} is better.",
        holds=lambda e: e.low > 0,
    )(_apart(_task, "AWR", MLE, size=100))

for _id, _first, _second, _size, _sentence in (
    ("critic_vs_weights", "AWR", "RWR", 100, "with 100 examples, AWR is better than RWR, which has no critic"),
    ("awr_vs_scratch", "AWR", SCRATCH, AT, "a network pretrained by AWR is better than one from scratch"),
    ("unlikelihood_with_few", "unlikelihood", MLE, 100, "with 100 examples, unlikelihood is better than MLE"),
):
    claim(
        id=f"apply.sentiment_zh.{_id}",
        chapter=CHAPTERS["sentiment_zh"],
        unit="points of macro F1",
        spec="+.3f",
        sentence=f"On {TITLES['sentiment_zh']}, {_sentence}.",
        holds=lambda e: e.low > 0,
    )(_apart("sentiment_zh", _first, _second, size=_size))

for _task, _whose, *_how in (
    ("translation", "translations"),
    ("question_answering", "answers", "head=false"),
    ("summarisation", "summaries"),
    ("generation", "functions"),
):
    claim(
        id=f"apply.{_task}.pretraining_pays_in_bits",
        chapter=CHAPTERS[_task],
        unit="bits per byte",
        spec="+.2f",
        sentence=f"A pretrained network needs fewer bits for the {_whose} of people than one from scratch.",
        holds=lambda e: e.high < 0,
    )(_apart(_task, MLE, SCRATCH, BITS, *_how))

for _task in ("translation", "summarisation", "generation"):
    claim(
        id=f"apply.{_task}.awr_in_bits_vs_mle",
        chapter=CHAPTERS[_task],
        unit="bits per byte",
        spec="+.2f",
        sentence=f"On {TITLES[_task]}, people's answers cost more bits after advantage-weighted regression.",
        holds=lambda e: e.low > 0,
    )(_apart(_task, "AWR", MLE, BITS))

claim(
    id="apply.translation.awr_in_bits_vs_scratch",
    chapter=CHAPTERS["translation"],
    unit="bits per byte",
    spec="+.2f",
    sentence="People's translations cost more bits after advantage-weighted regression than without any pretraining.",
    holds=lambda e: e.low > 0,
)(_apart("translation", "AWR", SCRATCH, BITS))


def _source_saves(task: str) -> Compute:
    return lambda records: estimate(source_records(records, among(records, task, MLE)), SOURCE)


for _task, _whose in (("summarisation", "summaries"), ("generation", "functions")):
    claim(
        id=f"apply.{_task}.source_saves",
        chapter="notebooks/23_applications",
        unit="bits per byte",
        spec=".2f",
        sentence=f"A pretrained network's source saves it less than a tenth of a bit per byte of people's {_whose}.",
        holds=lambda e: e.high < 0.1,
    )(_source_saves(_task))


def _reads_less(records: Sequence[Record]) -> Estimate:
    first, second = (source_records(records, among(records, "translation", start)) for start in (MLE, SCRATCH))
    return difference(first, second, SOURCE)


claim(
    id="apply.translation.reads_less",
    chapter="notebooks/23_applications",
    unit="bits per byte that the source saves",
    spec="+.2f",
    sentence="Before translation, a pretrained network gets less out of its source than one from scratch.",
    holds=lambda e: e.high < 0,
)(_reads_less)

for _task in ("translation", "question_answering", "generation"):
    claim(
        id=f"apply.{_task}.pretraining_pays_kept_by_answers",
        chapter="notebooks/23_applications",
        unit=f"points of {main_score(_task).label}",
        spec=f"+{main_score(_task).spec}",
        sentence=f"On {TITLES[_task]}, weights kept by answers, a pretrained network is better than from scratch.",
        holds=lambda e: e.low > 0,
        expected=False,
    )(_apart(_task, MLE, SCRATCH, None, *KEPT))

claim(
    id="apply.question_answering.pointing_vs_writing",
    chapter=CHAPTERS["question_answering"],
    unit="points of F1 of words",
    spec="+.1f",
    sentence="A pretrained network that points at the answer is better than one that writes it.",
    holds=lambda e: e.low > 0,
)(_ways("question_answering", (), ("head=false",)))

claim(
    id="apply.translation.placeholders",
    chapter=CHAPTERS["translation"],
    unit="% of placeholders",
    spec=".1f",
    sentence="A fine-tuned network keeps at least 98 per cent of the placeholders of the messages that it translates.",
    holds=lambda e: e.low >= 98,
)(lambda records: estimate(among(records, "translation", MLE), SCORES["translation"][2]))

for _id, _where, *_how in (
    ("style_survives", "Fine-tuned on people's code"),
    ("style_survives_drawn", "Where bodies are drawn", *DRAWN),
):
    claim(
        id=f"apply.generation.{_id}",
        chapter=CHAPTERS["generation"],
        unit="violations per 1,000 characters",
        spec="+.2f",
        sentence=f"{_where}, a model pretrained with control tokens for style breaks fewer rules of it.",
        holds=lambda e: e.high < 0,
        expected=False,
    )(_apart("generation", "conditional", MLE, SCORES["generation"][2], *_how))

claim(
    id="apply.generation.drawn_vs_searched",
    chapter=CHAPTERS["generation"],
    unit="points of chrF",
    spec="+.1f",
    sentence="Drawn bodies are more like those of people than bodies of the most probable tokens.",
    holds=lambda e: e.low > 0,
    expected=False,
)(_ways("generation", DRAWN, ()))
