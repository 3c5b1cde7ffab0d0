"""A prediction worked out: its split is opened once, and the record says when and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lmstudy.errors import StudyError
from lmstudy.runs.identity import finding_id
from lmstudy.runs.lifecycle import Work, measured
from lmstudy.runs.records import Findings, Record
from lmstudy.study.register import Entry
from lmstudy.study.shelf import NoRecordsError, Shelf

KIND = "confirmation"


@dataclass(frozen=True)
class Folder:
    """What a `Work` wants to know of its configuration."""

    runs: str


def confirmed(entry: Entry, runs: str) -> Record:
    """The record of a prediction's outcome; where there is one, published or in `runs`, nothing is opened again.

    Its first sample is {"value", "low", "high", "n", "verdict"}, its config the prediction and its hash.

    Raises:
        NoRecordsError: a run is missing.
        StudyError: a run is older than the prediction, or an arm composes to something else by now.
    """
    prediction = entry.prediction
    there = Shelf.open(runs, makes=False)
    if (known := known_confirmation(entry, there)) is not None:
        return known
    trained = prediction.trained(there)
    if not entry.older_than(trained):
        began = min(record.started for record in trained)
        raise StudyError(
            f"prediction {prediction.id} was registered {entry.registered}, and its first run began {began}: what was "
            "seen before cannot be confirmed"
        )
    content = {"prediction": asdict(prediction), "hash": prediction.hash, "registered": entry.registered}
    data = trained[0].data

    def find() -> Findings:
        estimate = prediction.compute(Shelf.open(runs))
        found = {name: getattr(estimate, name) for name in ("value", "low", "high", "n")}
        return Findings(samples=[{**found, "verdict": str(prediction.region.verdict(estimate))}])

    work = Work(
        kind=KIND,
        id=finding_id(content, data),
        name=f"{KIND}-{prediction.id}",
        config=content,
        typed=Folder(runs),
        data=data,
    )
    return measured(work, find)


def known_confirmation(entry: Entry, shelf: Shelf) -> Record | None:
    """The record of an outcome, if its split was opened."""
    found = [r for r in shelf.records if r.kind == KIND and r.config.get("hash") == entry.prediction.hash]
    return found[0] if found else None


def outcome(entry: Entry, shelf: Shelf) -> str:
    """In a few words: what came of a prediction, or what it lacks."""
    known = known_confirmation(entry, shelf)
    if known is not None:
        first = known.samples[0]
        assert isinstance(first, dict)
        return f"{first['verdict']}, opened {known.started[:10]}"
    try:
        entry.prediction.trained(shelf)
    except NoRecordsError as error:
        return f"not decided: {error}"
    return "not decided: its runs are there, lmstudy-register --confirm opens its split"
