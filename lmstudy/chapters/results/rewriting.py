"""Text that was repaired before training, beside maximum likelihood and conditional training."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd

from lmstudy.chapters.results.results import CONDITIONAL, REFERENCE, level
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.estimates import BITS, bits_per_byte, mean_metric, times
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


def repaired_share(shelf: Shelf, task: str) -> tuple[float, float, float]:
    """Shares of the training text: repaired of documents with a bad segment, bad segments before, and after."""
    runs = arm(shelf, task, "rewriting", SEEDS[task])

    def ratio(part: str, whole: str) -> float:
        return mean_metric(runs, f"rewriting/{part}") / mean_metric(runs, f"rewriting/{whole}")

    return (
        ratio("rewritten", "with_bad"),
        ratio("bad_segments", "segments"),
        ratio("bad_segments_after", "segments_after"),
    )


def times_more(shelf: Shelf, task: str, name: str, reference: str, key: str = "unprompted/training") -> Estimate:
    """How many times the violations of a reference a model writes."""
    return times(rewriting_arm(shelf, task, name)[1], rewriting_arm(shelf, task, reference)[1], key)
