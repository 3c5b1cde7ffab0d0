"""A prediction worked out: its split is opened once, and the record says when and what came of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.identity import finding_id
from lmstudy.runs.lifecycle import Work, measured
from lmstudy.runs.records import Findings, Record
from lmstudy.study import register
from lmstudy.study.register import Entry
from lmstudy.study.shelf import NoRecordsError, Shelf

KIND = "confirmation"
MARKER = "opened.json"
"""In the folder of a confirmation: when its split was opened, written before anything is measured."""


@dataclass(frozen=True)
class Folder:
    """What a `Work` wants to know of its configuration."""

    runs: str


def confirmed(entry: Entry, runs: str) -> Record:
    """The record of a prediction's outcome; where there is one, published or in `runs`, nothing is opened again.

    Its first sample is {"value", "low", "high", "n", "verdict"}, the verdict before correction for the chapter's
    family, its config the prediction and its hash.

    Raises:
        NoRecordsError: a run is missing.
        StudyError: a run is older than the prediction, or of code that does not hold it; the split was looked at
            before; or an arm composes to something else by now.
    """
    prediction = entry.prediction
    there = Shelf.open(runs, makes=False)
    if (known := known_confirmation(entry, there)) is not None:
        return known
    trained = prediction.trained(there)
    check_younger(entry, trained)
    content = {"prediction": prediction.content, "hash": prediction.hash, "registered": entry.registered}
    data = trained[0].data
    work = Work(
        kind=KIND, id=finding_id(content, data), name=f"{KIND}-{prediction.id}", config=content, typed=Folder(runs),
        data=data,
    )  # fmt: skip

    def find() -> Findings:
        _open(work.folder / MARKER, there, trained, prediction.split)
        prediction.compute(Shelf.open(runs))  # measures what is missing
        estimate = prediction.compute(Shelf.open(runs, makes=False))  # from what the records keep, as the book does
        found = {name: getattr(estimate, name) for name in ("value", "low", "high", "n")}
        return Findings(samples=[{**found, "verdict": str(prediction.region.verdict(estimate))}])

    return measured(work, find)


def check_younger(entry: Entry, trained: Sequence[Record]) -> None:
    """Raises StudyError unless all these runs began after a prediction, by code whose commit holds it as it stands."""
    name = f"prediction {entry.prediction.id}"
    if not entry.older_than(trained):
        began = min(record.started for record in trained)
        raise StudyError(
            f"{name} was registered {entry.registered}, and its first run began {began}: what was seen before cannot "
            "be confirmed"
        )
    for record in trained:
        commit = (record.commit or "").removesuffix("+dirty")
        text = at_commit(commit, entry.batch)
        known = [] if text is None else register.read_batch(text, commit).predictions
        if entry.prediction.hash not in {one.hash for one in known}:
            raise StudyError(
                f"{name}: {record.name} was made at commit {commit[:7] or 'none'}, which does not hold the prediction: "
                "commit it first, and train again"
            )


def at_commit(commit: str, batch: str) -> str | None:
    """The text of a batch of the register as a commit holds it; None where it does not, or there is no history."""
    return _git("show", f"{commit}:./{batch}.yaml") if commit else None


def _git(*arguments: str) -> str | None:
    try:
        told = subprocess.run(
            ["git", "-C", str(register.folder()), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:  # git is not installed
        return None
    return None if told.returncode else told.stdout


def check_committed(entry: Entry) -> None:
    """Raises StudyError unless the file of a prediction is in the history as it stands."""
    path = register.folder() / f"{entry.batch}.yaml"
    if at_commit("HEAD", entry.batch) != path.read_text(encoding="utf-8"):
        raise StudyError(f"{path} is not committed as it stands: commit it first, so that its date can be shown")


def _open(marker: Path, shelf: Shelf, trained: Sequence[Record], split: str) -> None:
    """Write down that the split is opened now; a StudyError if somebody looked at it before."""
    if marker.exists():  # and then the process was killed
        return
    ids = {record.id for record in trained}
    openings = [(r.started, r.finished) for r in shelf.records if r.kind == KIND]
    looks = [record for record in shelf.records if record.kind == "evaluation"]
    for one in looks:
        config: Any = one.config
        if config["run"]["id"] not in ids or config["measure"].get("split") != split:
            continue
        if not any(began <= one.started and one.finished <= ended for began, ended in openings):
            raise StudyError(f"{one.name} looked at split {split} on {one.started}, before it was opened to confirm")
    write_text(marker, json.dumps({"opened": provenance.now(), "split": split}))


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
        return f"{first['verdict']} by itself, opened {known.started[:10]}"
    try:
        entry.prediction.trained(shelf)
    except NoRecordsError as error:
        return f"not decided: {error}"
    return "not decided: its runs are there, lmstudy-register --confirm opens its split"
