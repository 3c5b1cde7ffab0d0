"""Folders of finished runs, found by id; those whose weights come with the book, by name, too."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.overrides import home
from lmstudy.runs.records import Record, load, published_folder

TOKENIZER = "tokenizer.json"
"""Beside the weights of a published model, which can write without its corpus."""
CHECKSUMS = "SHA256SUMS"
"""Beside them: what the files of a published model are, as `sha256sum -c` reads it."""
WHOLE_ID = re.compile(r"[0-9a-f]{16}")
KINDS = {"train": "a training run", "tuning": "a fine-tuning"}


def find_folder(name: str, runs: Path, kind: str | None = None, key: str = "run") -> Path:
    """The run's folder, from its path, its id or the beginning of it; with `kind`, among records of that kind.

    A published model (see `published_models`) is found by its name or its id where no run of one's own fits.
    `key` is the key of the configuration that named it.

    Raises:
        StudyError: none or several fit, or the one that fits is of another kind; names those that exist.
    """
    if not name.strip():
        raise StudyError(
            f"{key}={name}: name a run by its id, the beginning of it, or its folder; lmstudy-runs lists them"
        )
    if (path := Path(home(name)) / "record.json").exists():
        check_kind(load(path), kind, name, key)
        return path.parent
    finished = sorted(path.parent for path in runs.glob("*/record.json"))
    fitting = [folder for folder in finished if folder.name == name or folder.name.rsplit("-", 1)[-1].startswith(name)]
    if kind is not None and fitting:
        of_kind = [folder for folder in fitting if load(folder / "record.json").kind == kind]
        if not of_kind:
            check_kind(load(fitting[0] / "record.json"), kind, name, key)
        fitting = of_kind
    if len(fitting) == 1:
        return fitting[0]
    published = published_models()
    if not fitting:
        known_as = {folder: folder.name.rpartition("-")[::2] for folder in published}
        if named := [each for each, (own, run) in known_as.items() if name in (each.name, own) or run.startswith(name)]:
            check_kind(load(named[0] / "record.json"), kind, name, key)
            return named[0]
    if not fitting:
        kinds = {folder: _kind(folder) for folder in finished}
        finished = [folder for folder, own in kinds.items() if own is not None and kind in (None, own)]
    known = (
        ", ".join(folder.name for folder in (fitting or [*finished, *(published if kind == "train" else [])])) or "none"
    )
    where = f"{runs}" if runs.is_dir() else f"{runs}, which is no folder,"
    problem = "several finished runs fit" if fitting else f"no finished run in {where} has that id"
    raise StudyError(f"{key}={name}: {problem}; {'there are' if known == 'none' else 'choose from'} {known}")


def _kind(folder: Path) -> str | None:
    """Of a run's record; None of one that is damaged, which whoever lists runs need not tell."""
    try:
        return load(folder / "record.json").kind
    except StudyError:
        return None


def models_folder() -> Path:
    """`book/models`, beside the published records; a StudyError where there are none."""
    return published_folder().parent / "models"


def published_models() -> list[Path]:
    """Folders NAME-ID of the models whose weights come with the book."""
    try:
        return [path.parent for path in sorted(models_folder().glob("*/record.json"))]
    except StudyError:  # no book here
        return []


def write_checksums(folder: Path, names: Sequence[str]) -> None:
    """Write down what some files of a folder are."""
    write_text(folder / CHECKSUMS, "".join(f"{_sha256(folder / name)}  {name}\n" for name in names))


def check_files(folder: Path) -> None:
    """Raises StudyError where a file of a published model is missing, or is not what was published."""
    for line in (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        path = folder / name
        problem = "is missing" if not path.exists() else "" if _sha256(path) == wanted else "is not what was published"
        if problem:
            raise StudyError(f"{path} {problem}: get it again from where it was published")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
