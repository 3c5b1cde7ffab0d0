"""What a record needs to be made or opened again: runs, reward models and teachers that its configuration names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.runs.folders import published_models
from lmstudy.runs.lifecycle import WEIGHTS
from lmstudy.runs.records import Record, published_folder

WHAT = {"start": "starts from", "run": "is of", "teacher": "teacher"}
"""What a key that names a run says about it."""


@dataclass(frozen=True)
class Needed:
    """Something that a record names."""

    what: str
    """Why it is needed, such as "starts from"."""
    name: str
    """As the configuration has it: an id or the beginning of it, or the name of a reward model."""
    state: str
    """Where it is, such as "here"."""
    place: Path | None


def references(node: Any, within: str = "") -> Iterator[tuple[str, str]]:
    """(what, name) of every run and reward model that a configuration names, at any depth, each once or more often."""
    if not isinstance(node, Mapping):
        return
    if isinstance(node.get("model"), str) and isinstance(node.get("runs"), str):
        yield f"reward model of {within or 'a scorer'}", node["model"]
    for key, value in node.items():
        if key in WHAT and isinstance(value, str):
            yield WHAT[key], value
        elif key in WHAT and isinstance(value, list):
            yield from ((WHAT[key], str(one)) for one in value)
        elif key == "run" and isinstance(value, Mapping) and "id" in value:
            yield WHAT[key], str(value["id"])
        yield from references(value, key)


def needs(record: Record, folder: Path, runs: Path) -> list[Needed]:
    """What a record names, and its own weights, with where each is found.

    Args:
        record: of any kind.
        folder: of its own.
        runs: where runs and reward models are looked up; then the models that come with the book, then its records.
    """
    found = []
    if record.kind in ("train", "tuning", "reward"):
        weights = folder / WEIGHTS
        found.append(Needed("weights", weights.name, "here" if weights.exists() else "missing", weights))
    for what, name in dict.fromkeys(references(record.config)):
        state, place = _state(name, runs)
        found.append(Needed(what, name, state, place))
    return found


def _state(name: str, runs: Path) -> tuple[str, Path | None]:
    def fits(stem: str) -> bool:
        own, _, number = stem.rpartition("-")
        return name in (stem, own) or number.startswith(name)

    if (Path(name) / "record.json").exists():
        return "here", Path(name)
    for folder in sorted(path.parent for path in runs.glob("*/record.json")):
        if fits(folder.name):
            return ("here" if (folder / WEIGHTS).exists() else "record only", folder)
    for folder in published_models():
        if fits(folder.name):
            return "published with weights", folder
    try:
        records = [path for path in sorted(published_folder().glob("*.json")) if fits(path.stem)]
    except StudyError:  # no book here
        records = []
    return ("published record only", records[0]) if records else ("missing", None)
