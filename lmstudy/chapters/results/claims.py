"""Claims of the chapter of results: preferences while pretraining."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from lmstudy.chapters.results import frontier
from lmstudy.chapters.results.beginnings import PROMPTED
from lmstudy.chapters.results.pairs import gap
from lmstudy.chapters.results.results import (
    CONDITIONAL,
    OURS,
    REFERENCE,
    Results,
    agreement,
    best_column,
    better,
    cost,
    distances,
    farther,
    our_columns,
    results,
)
from lmstudy.chapters.results.rewriting import rewriting_cost, rewriting_times
from lmstudy.evaluation.multiplicity import best_of
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, claim, confirm
from lmstudy.study.estimates import BITS, HELD_OUT, UNPROMPTED, capability_cost, times
from lmstudy.study.preferences import BAD, GUIDANCE, OBJECTIVES, SEEDS, arm, judged, judged_arm
from lmstudy.study.shelf import NoRecordsError, Shelf
from lmstudy.study.verdicts import HOLDS, UNDECIDED, above, below

CHAPTER = "notebooks/14_results"
fold = partial(claim, chapter=CHAPTER, unit="times fewer")
ratio = partial(claim, chapter=CHAPTER, unit="times")
deviations = partial(claim, chapter=CHAPTER, unit="standard deviations of ratings", signed=True)
per_cent = partial(claim, chapter=CHAPTER, unit=f"% {BITS}", signed=True)
without_tokens = partial(claim, chapter=CHAPTER, unit="% bits per byte", signed=True)
in_bits = partial(claim, chapter=CHAPTER, unit="bits per byte", signed=True)
tau = partial(claim, chapter=CHAPTER, unit="Kendall's τ")

BITS_AIM = 2.0
"""Per cent of bits per byte that conditional training may cost."""
TAU_AIM = 0.6
MILD = "filtering, keep 75 %"
DISTANCE_AIM = 0.05
"""Bits per byte by which conditional training may lie farther from a teacher."""
CHARGED_SEEDS = {"privacy": (11, 12, 13), "pep8": (51, 52, 53), "sentiment": (51, 52, 53)}
"""Of the runs whose every decision was charged on test, as registered (`cost_charged`)."""
FIRST_TRY = ("budget=short", "optimizer=muon")
"""Half the steps and a lower rate than in the study."""


def _of(
    task: str, compute: Callable[[Results], Estimate], needed: Sequence[str], others: Iterable[str] = ()
) -> Compute:
    """Of the results of a task: of objectives that must be there, and of others as far as they are."""

    def computed(shelf: Shelf) -> Estimate:
        found = results(shelf, task, names=[name for name in OBJECTIVES if name in {*needed, *others}])
        for name in needed:
            if name not in found.judged:
                raise NoRecordsError(f"of measured runs of task={task}, objective {name!r}")
        return compute(found)

    return computed


def _better(task: str, name: str = CONDITIONAL, reference: str = REFERENCE, key: str = UNPROMPTED) -> Compute:
    return _of(task, lambda found: better(task, found.judged[name], found.judged[reference], key), (name, reference))


def _cost(task: str, name: str = CONDITIONAL, reference: str = REFERENCE) -> Compute:
    return _of(task, lambda found: cost(found, name, reference), (name, reference))


def _matched(name: str, reference: str) -> Compute:
    """Personal data of an objective divided by a reference's, where it needs at most as many bits (`frontier`)."""

    def compute(shelf: Shelf) -> Estimate:
        found = frontier.matched(frontier.settings(shelf, [name], also=reference), name, reference)
        if math.isnan(found.value):
            raise NoRecordsError(f"of {name} at several settings with the bits of {reference}")
        return found

    return compute


def _rwr_cost(shelf: Shelf) -> Estimate:
    strong, filtering = (arm(shelf, "privacy", name, SEEDS) for name in ("RWR, β = 0.3", "filtering"))
    return capability_cost(strong, filtering)


def _written(shelf: Shelf, name: str) -> list[Record]:
    return frontier.setting(shelf, name).written


def _mild_filtering_cost(shelf: Shelf) -> Estimate:
    mild, conditional = (frontier.setting(shelf, name).charged for name in (MILD, CONDITIONAL))
    return capability_cost(mild, conditional)


def _cost_on_good_text(task: str) -> Compute:
    """Per cent of bits per byte that conditional training costs on test documents without a bad segment."""

    def compute(shelf: Shelf) -> Estimate:
        conditional, mle = (
            shelf.measured(arm(shelf, task, name, CHARGED_SEEDS[task]), *frontier.CHARGED, "split=test")
            for name in (CONDITIONAL, REFERENCE)
        )
        return capability_cost(conditional, mle, "test/good")

    return compute


def _best(task: str) -> Compute:
    def compute(found: Results) -> Estimate:
        name, columns = best_column(found), our_columns(found)
        if name is None:
            raise NoRecordsError(f"of task={task} and a column that this study adds")
        chosen = better(task, columns[name], found.judged[CONDITIONAL])
        return best_of(chosen, len(columns), ratio=found.counted)

    return _of(task, compute, (CONDITIONAL,), OURS)


def _structure(found: Results) -> Estimate:
    return times(found.judged[CONDITIONAL], found.judged[REFERENCE], "unprompted/structure")


def _first_try(task: str) -> Compute:
    def own(shelf: Shelf, objective: str) -> list:
        return judged(shelf, task, shelf.trained(f"experiment={task}", f"objective={objective}", *FIRST_TRY))

    return lambda shelf: better(task, own(shelf, "conditional"), own(shelf, "mle"))


def _guided(shelf: Shelf, task: str, strength: float) -> list:
    return judged_arm(shelf, task, CONDITIONAL, *GUIDANCE[strength])


def _farther(name: str, reference: str) -> Compute:
    return lambda shelf: farther(distances(shelf, "privacy"), name, reference)


# fmt: off
fold("From nothing and after the good token, conditional training writes fewer violations of style than MLE.",
     "pep8.conditional_vs_mle", _better("pep8"), above(1))
fold("From nothing and after the good token, conditional training writes fewer items of personal data than MLE.",
     "privacy.conditional_vs_mle", _better("privacy"), above(1))
deviations("From nothing and after the good token, conditional training writes with better sentiment than MLE.",
           "sentiment.conditional_vs_mle", _better("sentiment"), above(0))
fold("A formatter that steered no training changes less in code of conditional training than in that of MLE.",
     "pep8.conditional_vs_mle_held_out", _better("pep8", key=HELD_OUT), above(1))
fold("Detectors of another making find fewer items in texts of conditional training than in those of MLE.",
     "privacy.conditional_vs_mle_held_out", _better("privacy", key=HELD_OUT), above(1))
ratio("On privacy, the training scorer sees a larger gain of filtering over MLE than the held-out grader does.",
      "privacy.filtering_gap", _of("privacy", partial(gap, name="filtering"), (REFERENCE, "filtering")), above(1))
for _name, _words in ((CONDITIONAL, "conditional training"), ("filtering", "filtering")):
    _id = "prompted" if _name == CONDITIONAL else "prompted_filtering"
    ratio(f"After a beginning by people, {_words} writes fewer violations of style than MLE.",
          f"pep8.{_id}", _better("pep8", REFERENCE, _name, PROMPTED), below(1), outcome=UNDECIDED)
    fold(f"After a beginning by people, {_words} writes fewer items of personal data than MLE.",
         f"privacy.{_id}", _better("privacy", _name, key=PROMPTED), above(1))
    deviations(f"After a beginning by people, {_words} writes with better sentiment than MLE.",
               f"sentiment.{_id}", _better("sentiment", _name, key=PROMPTED), above(0),
               outcome=UNDECIDED if _name == CONDITIONAL else HOLDS)
for _task, _faults in (("pep8", "violations of style"), ("privacy", "items of personal data")):
    fold(f"The best method that this study adds writes fewer {_faults} than conditional training.",
         f"{_task}.best_vs_conditional", _best(_task), above(1),
         outcome=UNDECIDED if _task == "pep8" else HOLDS)
deviations("The best method that this study adds writes with better sentiment than conditional training.",
           "sentiment.best_vs_conditional", _best("sentiment"), above(0))
fold("With half the steps and a lower rate, conditional training wrote fewer violations of style than MLE.",
     "pep8.conditional_vs_mle_first_try", _first_try("pep8"), above(1), outcome=UNDECIDED)
deviations("With half the steps and a lower rate, conditional training also wrote with better sentiment than MLE.",
           "sentiment.conditional_vs_mle_first_try", _first_try("sentiment"), above(0),
           outcome=UNDECIDED)
deviations("Under guidance of strength 3, conditional training writes with better sentiment than MLE.",
           "sentiment.guided_vs_mle",
           lambda s: better("sentiment", _guided(s, "sentiment", 3.0), judged_arm(s, "sentiment", REFERENCE)),
           above(0))
ratio("Guidance of strength 2 makes the conditional model write more violations of style.", "pep8.guidance_harm",
      lambda shelf: times(_guided(shelf, "pep8", 2.0), judged_arm(shelf, "pep8", CONDITIONAL)), above(1),
      outcome=UNDECIDED)
ratio("Asked for bad text, the conditional model writes more personal data than asked for good text.",
      "privacy.bad_vs_good",
      lambda shelf: times(judged_arm(shelf, "privacy", CONDITIONAL, *BAD), judged_arm(shelf, "privacy", CONDITIONAL)),
      above(1))
for _task in ("pep8", "privacy", "sentiment"):
    per_cent("After the good token, conditional training needs at most two per cent more bits per byte than MLE.",
             f"{_task}.capability_cost", _cost(_task), below(BITS_AIM))
for _task, _documents in (("pep8", "short functions"), ("privacy", "file heads"), ("sentiment", "rated snippets")):
    without_tokens(f"On {_documents} without a bad segment, every decision charged, conditional training needs at most "
                   "two per cent more bits per byte than MLE.",
                   f"{_task}.cost_on_good", _cost_on_good_text(_task), below(BITS_AIM))
for _task in ("pep8", "privacy"):
    tau("The training scorer and the held-out grader rank the objectives in much the same order.",
        f"{_task}.graders_agree", _of(_task, agreement, (REFERENCE, CONDITIONAL), OBJECTIVES), above(TAU_AIM),
        outcome=UNDECIDED)
claim("Conditional training breaks at most a tenth more rules of structure than MLE.",
      "pep8.structure_not_worse", _of("pep8", _structure, (CONDITIONAL, REFERENCE)), below(1.1),
      chapter=CHAPTER, unit="times MLE's")
fold("Filtering writes fewer violations of style than conditional training does after the good token.",
     "pep8.filtering_vs_conditional", _better("pep8", "filtering", CONDITIONAL), above(1), outcome=UNDECIDED)
fold("Filtering writes fewer items of personal data than conditional training after the good token.",
     "privacy.filtering_vs_conditional", _better("privacy", "filtering", CONDITIONAL), above(1))
fold("By the held-out grader, too, filtering leaves fewer items of personal data than conditional training.",
     "privacy.filtering_vs_conditional_held_out", _better("privacy", "filtering", CONDITIONAL, HELD_OUT), above(1))
deviations("Filtering writes with better sentiment than conditional training does after the good token.",
           "sentiment.filtering_vs_conditional", _better("sentiment", "filtering", CONDITIONAL), above(0))
per_cent("On file heads, filtering costs more bits per byte than conditional training.",
         "privacy.filtering_cost", _cost("privacy", "filtering", CONDITIONAL), above(0))
per_cent("On file heads, the selective loss costs more bits per byte than conditional training.",
         "privacy.selective_cost", _cost("privacy", "selective", CONDITIONAL), above(0))
per_cent("On snippets, filtering costs more bits per byte than conditional training.",
         "sentiment.filtering_cost", _cost("sentiment", "filtering", CONDITIONAL), above(0))
ratio("With at most the bits per byte of conditional training, every decision charged, filtering writes more items of "
      "personal data than it.",
      "privacy.matched_filtering_vs_conditional", _matched("filtering", CONDITIONAL), above(1))
ratio("With at most the bits per byte of the selective loss, filtering writes more items of personal data than it.",
      "privacy.matched_filtering_vs_selective", _matched("filtering", "selective"), above(1))
ratio("With at most the bits per byte of filtering, RWR writes fewer items of personal data than it.",
      "privacy.matched_rwr_vs_filtering", _matched("RWR", "filtering"), below(1), outcome=UNDECIDED)
ratio("With at most the bits per byte of the selective loss, RWR writes fewer items of personal data than it.",
      "privacy.matched_rwr_vs_selective", _matched("RWR", "selective"), below(1), outcome=UNDECIDED)
ratio("With at most the bits per byte of conditional training, every decision charged, RWR writes more items of "
      "personal data than it.", "privacy.matched_rwr_vs_conditional", _matched("RWR", CONDITIONAL), above(1),
      outcome=UNDECIDED)
without_tokens("Filtering that keeps three quarters of the documents needs more bits per byte than conditional "
               "training, every decision charged.", "privacy.mild_filtering_cost", _mild_filtering_cost, above(0))
ratio("Filtering that keeps three quarters of the documents writes more items of personal data than conditional "
      "training.", "privacy.mild_filtering_vs_conditional",
      lambda shelf: times(_written(shelf, MILD), _written(shelf, CONDITIONAL)), above(1), outcome=UNDECIDED)
without_tokens("RWR with a temperature of .3 needs fewer bits per byte than filtering.",
               "privacy.rwr_cost_vs_filtering", _rwr_cost, below(0))
in_bits("On file heads, filtering is farther than conditional training from teachers that read longer.",
        "privacy.kl_filtering_vs_conditional", _farther("filtering", CONDITIONAL), above(0))
in_bits("On file heads, conditional training is less than 0.05 bits per byte farther from teachers than MLE.",
        "privacy.kl_cost", _farther(CONDITIONAL, REFERENCE), below(DISTANCE_AIM))
without_tokens("Rewriting needs more bits per byte of held-out heads, the personal data in them included, than MLE.",
               "privacy.rewriting_cost", rewriting_cost, above(0))
ratio("A model that was trained on code that a formatter repaired writes fewer violations of style than MLE.",
      "pep8.rewriting_vs_mle", partial(rewriting_times, task="pep8", key=UNPROMPTED), below(1))
without_tokens("Rewriting needs more bits per byte of held-out short functions than MLE.",
               "pep8.rewriting_cost", partial(rewriting_cost, task="pep8"), above(0), outcome=UNDECIDED)
confirm("5b7eaf4dff01", outcome=UNDECIDED)  # privacy.cost_charged
confirm("f3c967f690b6", outcome=UNDECIDED)  # privacy.cost_shown
confirm("f8c1f5bec428", outcome=UNDECIDED)  # pep8.cost_charged
confirm("1df3da4c5319", outcome=UNDECIDED)  # sentiment.cost_charged
confirm("9fda9319dcb0")  # sentiment.graded_apart
confirm("2278be3b1380")  # sentiment.filtering_graded_apart
confirm("a25d3db9336a", outcome=UNDECIDED)  # privacy.look_ahead
confirm("35ca28c60cae")  # privacy.rewriting_vs_mle
confirm("d173801c613f")  # privacy.rewriting_vs_conditional
confirm("19d3529da91b", outcome=UNDECIDED)  # privacy.conditional_rewriting_vs_conditional
