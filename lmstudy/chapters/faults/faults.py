"""Tables and curves of the chapter on faults of earlier code and on what breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from lmstudy.chapters.faults.fault_effects import HELD_OUT, TRAINING, choices, onsets, red_team_rounds, strengths
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.claims import NoRecordsError
from lmstudy.study.preference_records import arm, judged, measures
from lmstudy.study.preferences import PER_THOUSAND, mean

FAULTS = (
    "MLE",
    "unlikelihood, as released",
    "unlikelihood",
    "RWR, as released",
    "RWR",
    "RWR, divided twice",
    "AWR, as released",
    "AWR",
)
GRADERS = {"training scorer": TRAINING, "held-out grader": HELD_OUT}
Curve = dict[float, Estimate]


def _found(records: Sequence[Record], task: str, names: Sequence[str]) -> dict[str, list[Record]]:
    """Judged records of those arms that have any."""
    found = {}
    for name in names:
        try:
            found[name] = judged(records, task, name)
        except StudyError:
            continue
    return found


def fault_levels(records: Sequence[Record], task: str) -> dict[str, Estimate]:
    """Misalignment of each objective as released and repaired."""
    return {name: mean(own).times(PER_THOUSAND[task]) for name, own in _found(records, task, FAULTS).items()}


def fault_table(records: Sequence[Record], task: str) -> pd.DataFrame:
    """The same by both graders, with the share of bad samples and what is known of the runs."""
    rows = {}
    for name, own in _found(records, task, FAULTS).items():
        levels = {title: mean(own, key).times(PER_THOUSAND[task]) for title, key in GRADERS.items()}
        rows[name] = {
            **{title: with_interval(level, ".2f") for title, level in levels.items()},
            "samples with any, %": f"{100 * mean(own, f'{TRAINING}/bad').value:.1f}",
            "bits per byte": pd.Series([r.metrics["valid/bits_per_byte"] for r in arm(records, task, name)]).mean(),
            "seeds": len(own),
        }
    return pd.DataFrame(rows).T


def to_be_run(what: str) -> None:
    """Say that there is no record of something yet."""
    print(f"To be run: {what} (see How to reproduce). There is no published record of it yet.")


def red_team_curves(
    records: Sequence[Record], task: str, names: Sequence[str] = ("MLE", "conditional")
) -> dict[str, Curve]:
    """Misalignment of replies by round."""
    scale = PER_THOUSAND[task]
    curves = {}
    for name in names:
        try:
            rounds = red_team_rounds(records, task, name)
        except NoRecordsError:
            continue
        curves[name] = {number: found.times(scale) for number, found in rounds.items()}
    return curves


def _by_grader(
    of: Callable[[Sequence[Record], str, str], Curve], records: Sequence[Record], task: str
) -> dict[str, Curve]:
    scale = PER_THOUSAND[task]
    curves = {title: of(records, task, key) for title, key in GRADERS.items()}
    scaled = {title: {x: found.times(scale) for x, found in curve.items()} for title, curve in curves.items()}
    return {title: curve for title, curve in scaled.items() if len(curve) > 1}


def choice_curves(records: Sequence[Record], task: str) -> dict[str, Curve]:
    """Misalignment of the best of n samples of maximum likelihood, by n and grader."""
    return _by_grader(choices, records, task)


def strength_curves(records: Sequence[Record], task: str) -> dict[str, Curve]:
    """Misalignment of the conditional model by strength of guidance and grader."""
    return _by_grader(strengths, records, task)


def onset_curves(records: Sequence[Record], task: str) -> dict[str, Curve]:
    """Misalignment by the share of steps before control tokens come in and grader."""
    return _by_grader(onsets, records, task)


def strength_table(records: Sequence[Record], task: str) -> pd.DataFrame:
    """What guidance does to the texts: length, endings, diversity."""
    columns: Mapping[str, str] = {
        "unprompted/finished": "share of texts that end",
        "diversity/characters": "characters a text",
        "diversity/distinct_2": "distinct-2",
        "diversity/self_bleu": "self-BLEU",
        "diversity/repeated": "repeated 4-grams",
    }
    runs = arm(records, task, "conditional")
    rows = {}
    for strength in strengths(records, task):
        own = measures(records, runs, guidance=strength)
        rows[f"{strength:g}"] = {
            title: pd.Series([record.metrics[key] for record in own]).mean() for key, title in columns.items()
        }
    return pd.DataFrame(rows).T.rename_axis("strength")
