"""Text that was repaired before training, beside maximum likelihood and conditional training."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd

from lmstudy.chapters.results.results import CONDITIONAL, REFERENCE, level
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.numbers import percent
from lmstudy.study.estimates import BITS, bits_per_byte, capability_cost, mean_metric, times
from lmstudy.study.preferences import REWRITING, arm, judged
from lmstudy.study.shelf import NoRecordsError, Shelf

ASKED = {"privacy": ("split=test",), "pep8": ()}
"""How texts of the runs of each task were judged; those of privacy were predicted, so *test* was opened for them."""
SEEDS = {"privacy": (31, 32, 33), "pep8": (1, 2, 3)}


def rewriting_arm(shelf: Shelf, task: str, name: str) -> tuple[list[Record], list[Record]]:
    """The trainings of an objective, and what was measured of them; a NoRecordsError where there are none."""
    runs = arm(shelf, task, name, SEEDS[task])
    found = judged(shelf, task, runs, *ASKED[task])
    if len(found) < len(runs):
        raise NoRecordsError(f"of measurements of {task}, {name!r}, for all of seeds {SEEDS[task]}")
    return runs, found


def rewriting_table(shelf: Shelf, task: str) -> pd.DataFrame:
    """A row an objective: what two graders say of its texts, from nothing and behind a beginning, and its bits."""
    rows = {}
    for name in (REFERENCE, CONDITIONAL, *REWRITING):
        with suppress(NoRecordsError):
            runs, found = rewriting_arm(shelf, task, name)
            rows[name] = {
                "from nothing: training scorer": level(task, found, "unprompted/training"),
                "from nothing: held-out grader": level(task, found, "unprompted/held_out"),
                "prompted: training scorer": level(task, found, "prompted/training"),
                "prompted: held-out grader": level(task, found, "prompted/held_out"),
                BITS: bits_per_byte(runs),
                "seeds": len(found),
            }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def what_was_repaired(shelf: Shelf, task: str) -> str:
    """Two paragraphs: what share of documents was repaired, and how many bad segments there were before and after."""
    runs = arm(shelf, task, "rewriting", SEEDS[task])

    def share(part: str, whole: str) -> str:
        return percent(mean_metric(runs, f"rewriting/{part}") / mean_metric(runs, f"rewriting/{whole}"))

    before, after = share("bad_segments", "segments"), share("bad_segments_after", "segments_after")
    return (
        f"Of the training documents with a bad line, {share('rewritten', 'with_bad')} were repaired.\n\n"
        f"By the training scorer, {before} of the lines were bad before, and {after} after. What that scorer overlooks "
        "stays."
    )


def rewriting_times(shelf: Shelf, task: str, key: str) -> Estimate:
    """How many times the violations of MLE a model writes that was trained on repaired text."""
    return times(rewriting_arm(shelf, task, "rewriting")[1], rewriting_arm(shelf, task, REFERENCE)[1], key)


def rewriting_cost(shelf: Shelf, task: str = "privacy") -> Estimate:
    """Per cent of bits per byte of held-out text that rewriting needs more than MLE."""
    return capability_cost(rewriting_arm(shelf, task, "rewriting")[0], rewriting_arm(shelf, task, REFERENCE)[0])
