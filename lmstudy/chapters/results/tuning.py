"""Other settings of the objectives: what they write and what they know, beside the settings of the study."""

from __future__ import annotations

import pandas as pd

from lmstudy.chapters.results.results import level
from lmstudy.show.tables import with_interval
from lmstudy.study.estimates import HELD_OUT, bits_per_byte
from lmstudy.study.estimates import UNPROMPTED as TRAINING
from lmstudy.study.preferences import SETTINGS, arm, judged
from lmstudy.study.shelf import NoRecordsError, Shelf

SEED = 1
"""Settings are tried with one seed, all with the same."""
USUAL = "as in the study"


def tuning_table(shelf: Shelf, task: str) -> pd.DataFrame:
    """A row a setting that has been tried, by objective; those of the study are compared with the same seed.

    Where violations are counted scores are per 1,000 characters.
    """
    rows = {}
    for name, settings in SETTINGS.items():
        arms = {USUAL: name} | {setting: f"{name}, {setting}" for setting in settings}
        for setting, own in arms.items():
            try:
                runs = arm(shelf, task, own, [SEED])
                measured = judged(shelf, task, runs)
            except NoRecordsError:
                continue  # nobody tried it yet
            graders = {"training scorer": TRAINING, "held-out grader": HELD_OUT}
            rows[name, setting] = {
                **{title: with_interval(level(task, measured, key), ".2f") for title, key in graders.items()},
                "bits per byte": with_interval(bits_per_byte(runs)),
            }
    return pd.DataFrame(rows).T
