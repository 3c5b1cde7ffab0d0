"""Folders of finished runs, found by id."""

import re
from pathlib import Path

from lmstudy.errors import StudyError
from lmstudy.runs.records import Record, load

WHOLE_ID = re.compile(r"[0-9a-f]{16}")
KINDS = {"train": "a training run", "tuning": "a fine-tuning"}


def find_folder(name: str, runs: Path, kind: str | None = None, key: str = "run") -> Path:
    """The run's folder, from its path, its id or the beginning of it; with `kind`, among records of that kind.

    `key` is the key of the configuration that named it.

    Raises:
        StudyError: none or several fit, or the one that fits is of another kind; names those that exist.
    """
    if (Path(name) / "record.json").exists():
        check_kind(load(Path(name) / "record.json"), kind, name, key)
        return Path(name)
    finished = sorted(path.parent for path in runs.glob("*/record.json"))
    fitting = [folder for folder in finished if folder.name == name or folder.name.rsplit("-", 1)[-1].startswith(name)]
    if kind is not None and fitting:
        of_kind = [folder for folder in fitting if load(folder / "record.json").kind == kind]
        if not of_kind:
            check_kind(load(fitting[0] / "record.json"), kind, name, key)
        fitting = of_kind
    if len(fitting) == 1:
        return fitting[0]
    if kind is not None:
        finished = [folder for folder in finished if load(folder / "record.json").kind == kind]
    known = ", ".join(folder.name for folder in (fitting or finished)) or "none"
    problem = "several finished runs fit" if fitting else f"no finished run in {runs} has that id"
    raise StudyError(f"{key}={name}: {problem}; {'choose from' if fitting or finished else 'there are'} {known}")


def whole_id(name: str, runs: Path, key: str = "run") -> str:
    """The id of the training run that `key` names by its path, its id or the beginning of it.

    A whole id is not looked up, so that what was made of a run can be opened after it is gone.

    Raises:
        StudyError: no finished training run, or several, have that name.
    """
    if WHOLE_ID.fullmatch(name):
        return name
    return load(find_folder(name, runs, kind="train", key=key) / "record.json").id


def check_kind(record: Record, kind: str | None, name: str, key: str = "run") -> None:
    """Raises StudyError unless a record is of the kind asked for."""
    if kind is not None and record.kind != kind:
        wanted = KINDS.get(kind, f"one of kind {kind!r}")
        raise StudyError(f"{key}={name}: {record.name} is a record of kind {record.kind!r}, not {wanted}")
