"""Other settings of the objectives: what they write and what they know, beside the settings of the study."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lmstudy.chapters.results.results import HELD_OUT, TRAINING, level
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.comparisons import bits_per_byte
from lmstudy.study.preference_records import arm, judged
from lmstudy.study.preferences import SETTINGS

SEED = 1
"""Settings are tried with one seed, all with the same."""
USUAL = "as in the study"


def tuning_table(records: Sequence[Record], task: str) -> pd.DataFrame:
    """A row a setting that has been tried, by objective; those of the study are compared with the same seed.

    Where violations are counted scores are per 1,000 characters.
    """
    rows = {}
    for name, settings in SETTINGS.items():
        arms = {USUAL: name} | {setting: f"{name}, {setting}" for setting in settings}
        for setting, own in arms.items():
            try:
                runs, measured = (_of_seed(found) for found in (arm(records, task, own), judged(records, task, own)))
            except StudyError:
                continue  # nobody tried it yet
            graders = {"training scorer": TRAINING, "held-out grader": HELD_OUT}
            rows[name, setting] = {
                **{title: with_interval(level(task, measured, key), ".2f") for title, key in graders.items()},
                "bits per byte": with_interval(bits_per_byte({own: runs})[own]),
            }
    return pd.DataFrame(rows).T


def _of_seed(records: Sequence[Record]) -> list[Record]:
    found = [record for record in records if record.seed == SEED]
    if not found:
        raise StudyError(f"none of the records is of seed {SEED}")
    return found
