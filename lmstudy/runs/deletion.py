"""Folders of runs that fit a query, what else in the folder of runs needs them, and deleting them one by one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lmstudy.errors import StudyError
from lmstudy.runs.compared import flat
from lmstudy.runs.records import load
from lmstudy.runs.references import references

FILES = ("record.json", "config.json")
"""One of them makes a folder a run: finished, or half done."""


@dataclass(frozen=True)
class Fitting:
    """A folder that fits a query."""

    folder: Path
    bytes: int
    needed_by: tuple[str, ...]
    """Names of finished runs that do not fit the query and start from this one, measure it, or are judged by it."""


def matching(runs: Path, query: Sequence[str]) -> list[Fitting]:
    """Folders of runs, finished or half done, that fit all of a query.

    Args:
        runs: the folder of runs.
        query: KEY=PATTERN each: `id`, `name`, `kind`, `state` (finished, half done, damaged) or a key of the
            configuration, and a value in which * stands for anything.

    Raises:
        StudyError: a part of the query is no KEY=PATTERN, or its key is in no run.
    """
    wanted = [_part(one) for one in query]
    if not wanted:
        raise StudyError("--delete takes KEY=PATTERN, such as name='*smoke*' or budget.name=smoke")
    known = {folder: _said(folder) for folder in sorted(runs.glob("*-*")) if _is_run(folder)}
    keys = {key for said in known.values() for key in said}
    for key, _ in wanted:
        if known and key not in keys:
            raise StudyError(
                f"--delete {key}: no run in {runs} has that key; there are, for example, id, name, kind, seed"
            )
    fitting = [
        folder
        for folder, said in known.items()
        if all(key in said and fnmatchcase(said[key], pattern) for key, pattern in wanted)
    ]
    named = {other: _named(other) for other in known if other not in fitting}
    return [Fitting(folder, _size(folder), _needed_by(folder, named)) for folder in fitting]


def delete(folder: Path) -> None:
    """Delete the folder of a run.

    Raises:
        StudyError: another process works on it, or it cannot be deleted.
    """
    try:
        with FileLock(folder / ".lock", timeout=0):
            for name in FILES:  # a deletion that is cut short leaves no run behind
                (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except Timeout:
        raise StudyError(f"run {folder} is being worked on by another process: wait for it or stop it") from None
    except OSError as error:
        raise StudyError(f"{folder} cannot be deleted: {error.strerror}") from error


def _part(query: str) -> tuple[str, str]:
    key, equals, pattern = query.partition("=")
    if not key or not equals or not pattern:
        raise StudyError(f"--delete {query}: write KEY=PATTERN, such as name='*smoke*' or budget.name=smoke")
    return key, pattern


def _is_run(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and any((folder / name).exists() for name in FILES)


def _said(folder: Path) -> dict[str, str]:
    """Everything that a query can ask about a run, as text."""
    name, _, number = folder.name.rpartition("-")
    kind, state, config = "", "half done", {}
    try:
        if (folder / "record.json").exists():
            record = load(folder / "record.json")
            kind, state, config = record.kind, "finished", record.config
        else:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        said = {key: _text(value) for key, value in flat(config)}
    except (StudyError, OSError, ValueError, AttributeError):
        said, state = {}, "damaged"
    return {**said, "id": number, "name": name, "kind": kind, "state": state}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _named(folder: Path) -> list[str]:
    """What the record of a finished run names."""
    try:
        return [name for _, name in references(load(folder / "record.json").config)]
    except StudyError:  # none, or damaged
        return []


def _needed_by(folder: Path, named: Mapping[Path, Sequence[str]]) -> tuple[str, ...]:
    own, _, number = folder.name.rpartition("-")

    def is_meant(name: str) -> bool:
        return bool(name) and (number.startswith(name) or name in (folder.name, own))

    return tuple(other.name for other, names in named.items() if any(map(is_meant, names)))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
