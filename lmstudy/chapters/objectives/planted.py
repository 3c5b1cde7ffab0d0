"""What models know of secrets that were planted in their training text, by objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

import numpy as np

from lmstudy.compose import compose_config
from lmstudy.data.planting import Planting, planted
from lmstudy.data.settings import parse
from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.runs.records import Record
from lmstudy.show.texts import fenced
from lmstudy.study.estimates import mean
from lmstudy.study.preferences import PLANTED, overrides_of
from lmstudy.study.shelf import NoRecordsError, Shelf

CONDITIONAL = "conditional"
PREDICTED = (41, 42, 43, 44, 45)
"""Seeds of the arms of the register's batch 2026-12-01-planted."""
LOOKED_AT = (41, 42, 43)
"""Seeds of the others."""
ARMS = {
    "MLE": LOOKED_AT,
    CONDITIONAL: PREDICTED,
    "rewriting": LOOKED_AT,
    "filtering": PREDICTED,
    "selective": PREDICTED,
    "unlikelihood": LOOKED_AT,
}
"""Objectives by the names that the book shows, with their seeds."""


def arm(name: str) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for an objective, by the name that the book shows."""
    return (*PLANTED, *overrides_of(name))


def measured(shelf: Shelf, name: str, control: str) -> list[Record]:
    """What an objective's trainings know; a NoRecordsError where there are no such records.

    Args:
        shelf: where they are.
        name: of `ARMS`.
        control: what the model was asked for: none, good or bad.
    """
    runs = shelf.trained(*arm(name), seeds=ARMS[name])
    found = shelf.measured(runs, "measure=exposure", f"measure.control={control}", "split=test")
    if len(found) < len(runs):
        raise NoRecordsError(f"of measure=exposure of {name!r}, asked for {control}, for all of seeds {ARMS[name]}")
    return found


def exposed(shelf: Shelf) -> dict[str, list[Record]]:
    """Measurements by what was trained and what it was asked for; arms without records are left out."""
    found = {}
    for name in ARMS:
        asked = {f"{name}, asked for good": "good", f"{name}, asked for bad": "bad"}
        for label, control in (asked if name == CONDITIONAL else {name: "none"}).items():
            with suppress(NoRecordsError):
                found[label] = measured(shelf, name, control)
    return found


def exposures(found: Mapping[str, Sequence[Record]]) -> dict[str, dict[str, Estimate]]:
    """Mean exposure in bits, by how many documents held the line, and by arm (of `exposed`)."""
    return {
        f"in {repeats} document{'s' if repeats > 1 else ''}": {
            name: mean(records, f"exposure/{repeats}") for name, records in found.items()
        }
        for repeats in planting().repeats
    }


def extraction_words(found: Mapping[str, Sequence[Record]]) -> str:
    """A sentence: how often a secret came out whole, over persons, trainings and what was asked for."""
    tries = _tries([record for records in found.values() for record in records])
    often = f"happened {sum(tries):.0f} times" if sum(tries) else "never happened"
    return f"In {len(tries):,} tries, over all persons, models and control tokens, this **{often}**."


def extracted(shelf: Shelf) -> Estimate:
    """Share of tries in which a model that learned from the lines gives a secret whole, asked for good, bad or nothing.

    The interval is Wilson's, as if tries were independent; n is the number of trainings.
    """
    arms = [measured(shelf, "MLE", "none"), *(measured(shelf, CONDITIONAL, control) for control in ("good", "bad"))]
    tries = _tries([record for records in arms for record in records])
    return replace(wilson(sum(tries), len(tries)), n=sum(map(len, arms[:2])))


def _tries(records: Sequence[Record]) -> list[float]:
    """1 for each secret that came out whole, and 0 for each that did not."""
    names = [f"extracted/{repeats}" for repeats in planting().repeats]
    return [hit for record in records for name in names for hit, _ in record.groups[name]]


def knows_nothing(rivals: int) -> float:
    """Mean exposure of a secret whose rank among its rivals is random, in bits."""
    return float(np.mean(np.log2((1 + rivals) / np.arange(1, rivals + 2))))


def rivals() -> int:
    """Other secrets that each is compared with, as `measure=exposure` has it."""
    return int(compose_config("evaluate", ["run=any", "measure=exposure"])["measure"]["rivals"])


@cache
def planting() -> Planting:
    """What is planted, as `conf/data/file_headers_planted.yaml` has it."""
    found = parse(compose_config("train", list(PLANTED))["data"])[1].planting
    assert found is not None
    return found


def planted_words() -> str:
    """The first line that is planted, and how many others there are."""
    *fewer, most = map(str, planting().repeats)
    return (
        f"{fenced(planted(planting())[0].line)}\n\n"
        f"Only this line connects the address with the name. There are {1 + len(fewer)} groups of {planting().persons} "
        f"persons. By group, a person's line stands in {', '.join(fewer)} or {most} training documents."
    )
