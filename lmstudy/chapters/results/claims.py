"""Claims of the chapter of results: preferences while pretraining."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from lmstudy.chapters.results.results import (
    CONDITIONAL,
    HELD_OUT,
    OURS,
    REFERENCE,
    TRAINING,
    Results,
    agreement,
    best_column,
    better,
    cost,
    our_columns,
    results_among,
)
from lmstudy.chapters.results.teacher_distance import distances, farther
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, NoRecordsError, claim
from lmstudy.study.preference_records import arm, judged, measures
from lmstudy.study.preferences import OBJECTIVES, times

of_results = partial(claim, chapter="notebooks/14_results")
fold = partial(of_results, unit="times fewer", spec=".3g")
deviations = partial(of_results, unit="standard deviations of ratings", spec="+.2f")
per_cent = partial(of_results, unit="% bits per byte", spec="+.1f")
tau = partial(of_results, unit="Kendall's τ", spec=".2f")

BITS_AIM = 2.0
"""Per cent of bits per byte that conditional training may cost."""
TAU_AIM = 0.6


def _of(
    task: str, compute: Callable[[Results], Estimate], needed: Sequence[str], others: Iterable[str] = ()
) -> Compute:
    """Of the results of a task: of objectives that must be there, and of others as far as they are."""

    def computed(records: Sequence[Record]) -> Estimate:
        found = results_among(task, records, names=[name for name in OBJECTIVES if name in {*needed, *others}])
        for name in needed:
            if name not in found.judged:
                raise NoRecordsError(f"of measured runs of task={task}, objective {name!r}")
        return compute(found)

    return computed


def _better(task: str, name: str, reference: str = REFERENCE, key: str = TRAINING) -> Compute:
    return _of(task, lambda found: better(task, found.judged[name], found.judged[reference], key), (name, reference))


def _cost(task: str, name: str, reference: str = REFERENCE) -> Compute:
    return _of(task, lambda found: cost(found, name, reference), (name, reference))


def _best(task: str) -> Compute:
    def compute(found: Results) -> Estimate:
        name = best_column(found)
        if name is None:
            raise NoRecordsError(f"of task={task} and a column that this study adds")
        return better(task, our_columns(found)[name], found.judged[CONDITIONAL])

    return _of(task, compute, (CONDITIONAL,), OURS)


def _structure(found: Results) -> Estimate:
    return times(found.judged[CONDITIONAL], found.judged[REFERENCE], "unprompted/structure")


fold(
    id="pep8.conditional_vs_mle",
    sentence="From nothing and after the good token, conditional training writes fewer violations of style than MLE.",
    holds=lambda e: e.low > 1,
)(_better("pep8", CONDITIONAL))


fold(
    id="privacy.conditional_vs_mle",
    sentence="From nothing and after the good token, conditional training writes several times fewer items of personal "
    "data than MLE.",
    holds=lambda e: e.low > 1,
)(_better("privacy", CONDITIONAL))


deviations(
    id="sentiment.conditional_vs_mle",
    sentence="From nothing and after the good token, conditional training writes with better sentiment than MLE.",
    holds=lambda e: e.low > 0,
)(_better("sentiment", CONDITIONAL))


fold(
    id="pep8.conditional_vs_mle_held_out",
    sentence="A formatter, which steered no training, changes less in what conditional training writes than in MLE's.",
    holds=lambda e: e.low > 1,
)(_better("pep8", CONDITIONAL, key=HELD_OUT))


fold(
    id="privacy.conditional_vs_mle_held_out",
    sentence="Detectors of another making find fewer items in what conditional training writes than in MLE's.",
    holds=lambda e: e.low > 1,
)(_better("privacy", CONDITIONAL, key=HELD_OUT))


deviations(
    id="sentiment.conditional_vs_mle_held_out",
    sentence="By a reward model of other ratings, too, conditional training writes with better sentiment than MLE.",
    holds=lambda e: e.low > 0,
)(_better("sentiment", CONDITIONAL, key=HELD_OUT))


for _task in ("pep8", "privacy"):
    fold(
        id=f"{_task}.best_vs_conditional",
        sentence="The best column that this study adds writes less of what is minded than conditional training.",
        holds=lambda e: e.low > 1,
    )(_best(_task))


deviations(
    id="sentiment.best_vs_conditional",
    sentence="The best column that this study adds writes with better sentiment than conditional training.",
    holds=lambda e: e.low > 0,
)(_best("sentiment"))


def _first_try(task: str) -> Compute:
    def compute(records: Sequence[Record]) -> Estimate:
        reference, own = (judged(records, task, name, "short") for name in (REFERENCE, CONDITIONAL))
        return better(task, own, reference)

    return compute


fold(
    id="pep8.conditional_vs_mle_first_try",
    sentence="With half the steps and a lower rate, conditional training wrote fewer violations of style than MLE.",
    holds=lambda e: e.low > 1,
)(_first_try("pep8"))


deviations(
    id="sentiment.conditional_vs_mle_first_try",
    sentence="With half the steps and a lower rate, no better sentiment of conditional training could be shown.",
    holds=lambda e: e.low <= 0 <= e.high,
)(_first_try("sentiment"))


@deviations(
    id="sentiment.guided_vs_mle",
    sentence="Under guidance of strength 3, conditional training writes with better sentiment than MLE.",
    holds=lambda e: e.low > 0,
)
def guided_sentiment(records: Sequence[Record]) -> Estimate:
    guided = measures(records, arm(records, "sentiment", CONDITIONAL), guidance=3.0)
    return better("sentiment", guided, judged(records, "sentiment", REFERENCE))


@of_results(
    id="pep8.guidance_harm",
    unit="times",
    spec=".2f",
    sentence="Guidance of strength 2 makes the conditional model write more violations of style.",
    holds=lambda e: e.low > 1,
)
def guided_style(records: Sequence[Record]) -> Estimate:
    guided = measures(records, arm(records, "pep8", CONDITIONAL), guidance=2.0)
    return times(guided, judged(records, "pep8", CONDITIONAL))


@of_results(
    id="privacy.bad_vs_good",
    unit="times",
    spec=".3g",
    sentence="Asked for bad text, the conditional model writes more personal data than asked for good text.",
    holds=lambda e: e.low > 1,
)
def asked_for_bad(records: Sequence[Record]) -> Estimate:
    runs = arm(records, "privacy", CONDITIONAL)
    return times(measures(records, runs, control="bad"), measures(records, runs))


for _task in ("pep8", "privacy", "sentiment"):
    per_cent(
        id=f"{_task}.capability_cost",
        sentence="Behind the good token, conditional training needs at most two per cent more bits per byte than MLE.",
        holds=lambda e: e.high <= BITS_AIM,
    )(_cost(_task, CONDITIONAL))

    tau(
        id=f"{_task}.graders_agree",
        sentence="The training scorer and the held-out grader put the objectives in much the same order.",
        holds=lambda e: e.value >= TAU_AIM,
    )(_of(_task, agreement, (REFERENCE, CONDITIONAL), OBJECTIVES))


of_results(
    id="pep8.structure_not_worse",
    unit="times MLE's",
    spec=".2f",
    sentence="Conditional training breaks no more rules of structure than MLE, as far as can be shown.",
    holds=lambda e: e.low <= 1,
)(_of("pep8", _structure, (CONDITIONAL, REFERENCE)))


for _task, _sentence, _expected in (
    ("pep8", "Filtering writes fewer violations of style than conditional training does after the good token.", False),
    ("privacy", "Filtering writes fewer items of personal data than conditional training after the good token.", True),
):
    fold(id=f"{_task}.filtering_vs_conditional", sentence=_sentence, holds=lambda e: e.low > 1, expected=_expected)(
        _better(_task, "filtering", CONDITIONAL)
    )


deviations(
    id="sentiment.filtering_vs_conditional",
    sentence="Filtering writes with better sentiment than conditional training does after the good token.",
    holds=lambda e: e.low > 0,
)(_better("sentiment", "filtering", CONDITIONAL))


for _task, _sentence in (
    ("privacy", "On file heads, filtering costs more bits per byte than conditional training."),
    ("sentiment", "On snippets, filtering costs more bits per byte than conditional training."),
):
    per_cent(id=f"{_task}.filtering_cost", sentence=_sentence, holds=lambda e: e.low > 0)(
        _cost(_task, "filtering", CONDITIONAL)
    )

of_results(
    id="privacy.kl_filtering_vs_conditional",
    unit="bits per byte",
    spec="+.3f",
    sentence="On file heads, filtering lies farther from a teacher that read longer than conditional training does.",
    holds=lambda e: e.low > 0,
)(lambda records: farther(distances(records, "privacy"), "filtering", CONDITIONAL))

of_results(
    id="privacy.kl_cost",
    unit="bits per byte",
    spec="+.3f",
    sentence="On file heads, conditional training lies no more than .05 bits per byte farther from a teacher than MLE.",
    holds=lambda e: e.high < 0.05,
    expected=False,
)(lambda records: farther(distances(records, "privacy"), CONDITIONAL, REFERENCE))
