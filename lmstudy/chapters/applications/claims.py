"""Claims of the chapters on applications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lmstudy.chapters.applications.overview import sources
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.applications import AT, DRAWN, KEPT, MLE, SCRATCH, STUDIED, arm_of, baseline_of
from lmstudy.study.claims import Compute, claim
from lmstudy.study.shelf import Shelf
from lmstudy.study.task_scores import BITS, F1, SCORES, SOURCE, TITLES, Score, difference, estimate, main_score
from lmstudy.study.verdicts import FAILS, HOLDS, UNDECIDED, above, below
from lmstudy.tasks.baselines import LOGISTIC

CHAPTERS = {
    "sentiment": "notebooks/18_classification",
    "sentiment_zh": "notebooks/18_classification",
    "translation": "notebooks/19_translation",
    "question_answering": "notebooks/20_question_answering",
    "summarisation": "notebooks/21_summarisation",
    "generation": "notebooks/22_generation",
}
OVERVIEW = "notebooks/23_applications"
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
MARGINS = {"sentiment": 0.02, "sentiment_zh": 0.02}
"""Points of the main score up to which a loss counts as none; of other tasks, whose scores go to 100, `MARGIN`."""
MARGIN = 2.0
NO_WORSE = (
    "generation.awr",
    "generation.rwr",
    "summarisation.awr",
    "summarisation.filtering",
    "summarisation.conditional",
    "summarisation.rwr",
    "summarisation.selective",
    "summarisation.unlikelihood",
    "translation.awr",
    "translation.conditional",
    "translation.conditional_cooldown",
    "translation.filtering",
    "translation.rwr",
    "translation.selective",
    "translation.unlikelihood",
    "sentiment_zh.awr",
    "sentiment_zh.unlikelihood",
)
"""Where a loss of more than the margin is excluded."""


def _short(name: str) -> str:
    return "logistic" if name == LOGISTIC else name.lower().replace(", ", "_").replace(" ", "_")


def _apart(
    task: str, first: str, second: str, score: Score | None = None, *fine_tuning: str, size: int = AT
) -> Compute:
    """The score of one start minus that of another, fine-tuned alike."""

    def compute(shelf: Shelf) -> Estimate:
        a, b = (arm_of(shelf, task, start, size, *fine_tuning) for start in (first, second))
        return difference(a, b, score or main_score(task))

    return compute


def _ways(task: str, first: Sequence[str], second: Sequence[str]) -> Compute:
    """Two ways to fine-tune or to answer, as overrides of `lmstudy-finetune`, of the same pretraining."""
    return lambda shelf: difference(
        arm_of(shelf, task, MLE, AT, *first), arm_of(shelf, task, MLE, AT, *second), main_score(task)
    )


def _above(task: str, baseline: str) -> Compute:
    """A pretrained network minus a baseline on as many examples."""
    return lambda shelf: difference(
        arm_of(shelf, task, MLE), [baseline_of(shelf, task)], main_score(task), than=baseline
    )


def _source_saves(task: str) -> Compute:
    return lambda shelf: estimate(sources(shelf, arm_of(shelf, task, MLE)), SOURCE)


def _reads_less(shelf: Shelf) -> Estimate:
    first, second = (sources(shelf, arm_of(shelf, "translation", start)) for start in (MLE, SCRATCH))
    return difference(first, second, SOURCE)


def _in_points(task: str, chapter: str | None = None) -> Callable[..., None]:
    return partial(claim, chapter=chapter or CHAPTERS[task], unit=_unit(task), signed=True)


def _unit(task: str) -> str:
    """Of a difference of main scores: those of labels lie between 0 and 1, all others between 0 and 100 points."""
    score = main_score(task)
    return f"of {score.label}" if score is F1 else f"points of {score.label.split(',')[0]}"


def _in_bits(task: str) -> Callable[..., None]:
    return partial(claim, chapter=CHAPTERS[task], unit="bits per byte", signed=True)


# fmt: off
for _task in CHAPTERS:
    _of, _title = _in_points(_task), TITLES[_task]
    _of(f"On {_title}, with {AT:,} examples, a pretrained network is better than one from scratch.",
        f"apply.{_task}.pretraining_pays", _apart(_task, MLE, SCRATCH), above(0),
        outcome=FAILS if _task == "translation" else UNDECIDED)
    _margin = MARGINS.get(_task, MARGIN)
    for _name in STUDIED[_task]:
        _of(f"On {_title}, pretraining {MEANS[_name]} is at most {_margin:g} {_unit(_task)} worse than MLE.",
            f"apply.{_task}.{_short(_name)}_vs_mle", _apart(_task, _name, MLE), above(-_margin),
            outcome=HOLDS if f"{_task}.{_short(_name)}" in NO_WORSE else UNDECIDED)
    if _task in RIVALS:
        _of(f"On {_title}, a pretrained network is better than the baseline {RIVALS[_task]!r}.",
            f"apply.{_task}.above_{_short(RIVALS[_task])}", _above(_task, RIVALS[_task]), above(0))
    _of(f"On {_title}, the baseline {AHEAD[_task]!r} is better than a pretrained network.",
        f"apply.{_task}.below_{_short(AHEAD[_task])}", _above(_task, AHEAD[_task]), below(0))

for _task, _of_what in (("sentiment", "ratings"), ("sentiment_zh", "labels")):
    _of, _title = _in_points(_task), TITLES[_task]
    _of(f"On {_title}, with a head that reads the decoder, a pretrained network is better than one from scratch.",
        f"apply.{_task}.pretraining_pays_decoder", _apart(_task, MLE, SCRATCH, None, "head=decoder"), above(0),
        outcome=UNDECIDED)
    _of(f"On {_title}, with 100 examples, pretraining with a critic of {_of_what} is better than MLE.",
        f"apply.{_task}.critic_pays_with_few", _apart(_task, "AWR", MLE, size=100), above(0))

_zh = _in_points("sentiment_zh")
_zh(f"On {TITLES['sentiment_zh']}, with 100 examples, AWR is better than RWR, which has no critic.",
    "apply.sentiment_zh.critic_vs_weights", _apart("sentiment_zh", "AWR", "RWR", size=100), above(0))
_zh(f"On {TITLES['sentiment_zh']}, a network pretrained by AWR is better than one from scratch.",
    "apply.sentiment_zh.awr_vs_scratch", _apart("sentiment_zh", "AWR", SCRATCH), above(0))
_zh(f"On {TITLES['sentiment_zh']}, with 100 examples, unlikelihood is better than MLE.",
    "apply.sentiment_zh.unlikelihood_with_few", _apart("sentiment_zh", "unlikelihood", MLE, size=100), above(0))

for _task, _whose, *_how in (("translation", "translations"), ("question_answering", "answers", "head=false"),
                             ("summarisation", "summaries"), ("generation", "functions")):
    _in_bits(_task)(f"A pretrained network needs fewer bits for the {_whose} of people than one from scratch.",
                    f"apply.{_task}.pretraining_pays_in_bits", _apart(_task, MLE, SCRATCH, BITS, *_how), below(0))
for _task in ("translation", "summarisation", "generation"):
    _in_bits(_task)(f"On {TITLES[_task]}, people's answers cost more bits after advantage-weighted regression.",
                    f"apply.{_task}.awr_in_bits_vs_mle", _apart(_task, "AWR", MLE, BITS), above(0))
_in_bits("translation")("People's translations cost more bits after advantage-weighted regression than without any "
                        "pretraining.", "apply.translation.awr_in_bits_vs_scratch",
                        _apart("translation", "AWR", SCRATCH, BITS), above(0))

for _task, _whose in (("summarisation", "summaries"), ("generation", "functions")):
    claim(f"The source saves a pretrained network less than a tenth of a bit per byte of people's {_whose}.",
          f"apply.{_task}.source_saves", _source_saves(_task), below(0.1), chapter=OVERVIEW, unit="bits per byte")
claim("On translation, a pretrained network gains less from its source than one from scratch.",
      "apply.translation.reads_less", _reads_less, below(0), chapter=OVERVIEW,
      unit="bits per byte", signed=True)
for _task in ("translation", "question_answering", "generation"):
    _in_points(_task, OVERVIEW)(
        f"On {TITLES[_task]}, with weights kept by answers, a pretrained network beats one from scratch.",
        f"apply.{_task}.pretraining_pays_kept_by_answers", _apart(_task, MLE, SCRATCH, None, *KEPT), above(0),
        outcome=FAILS if _task == "translation" else UNDECIDED)

_in_points("question_answering")(
    "A pretrained network that points at the answer is better than one that writes it.",
    "apply.question_answering.pointing_vs_writing", _ways("question_answering", (), ("head=false",)), above(0))
claim("A fine-tuned network keeps at least 98 per cent of the placeholders of the messages that it translates.",
      "apply.translation.placeholders",
      lambda shelf: estimate(arm_of(shelf, "translation", MLE), SCORES["translation"][2]),
      above(98), chapter=CHAPTERS["translation"], unit="% of placeholders")
for _id, _where, *_how in (("style_survives", "Fine-tuned on people's code"),
                           ("style_survives_drawn", "In drawn bodies", *DRAWN)):
    claim(f"{_where}, a model pretrained with control tokens for style breaks fewer style rules.",
          f"apply.generation.{_id}", _apart("generation", "conditional", MLE, SCORES["generation"][2], *_how), below(0),
          chapter=CHAPTERS["generation"], unit="violations per 1,000 characters", signed=True, outcome=UNDECIDED)
claim("Drawn bodies are more like people's than bodies of the most probable tokens are.",
      "apply.generation.drawn_vs_searched", _ways("generation", DRAWN, ()), above(0), chapter=CHAPTERS["generation"],
      unit="points of chrF", signed=True, outcome=UNDECIDED)
