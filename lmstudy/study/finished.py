"""Finished runs: found by id, loaded with their weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from lmstudy.errors import StudyError
from lmstudy.study.records import Record, load
from lmstudy.study.runs import Run, build_module, open_run
from lmstudy.training.module import PretrainingModule


@dataclass(frozen=True)
class Finished:
    """A finished run with its trained module, in evaluation mode."""

    run: Run
    record: Record
    module: PretrainingModule


def find_folder(name: str, runs: Path, kind: str | None = None) -> Path:
    """The run's folder, from its path, its id or the beginning of it; with `kind`, among records of that kind.

    Raises:
        StudyError: none or several fit, or the one that fits is of another kind; names those that exist.
    """
    if (Path(name) / "record.json").exists():
        check_kind(load(Path(name) / "record.json"), kind, name)
        return Path(name)
    finished = sorted(path.parent for path in runs.glob("*/record.json"))
    fitting = [folder for folder in finished if folder.name == name or folder.name.rsplit("-", 1)[-1].startswith(name)]
    if kind is not None and fitting:
        of_kind = [folder for folder in fitting if load(folder / "record.json").kind == kind]
        if not of_kind:
            check_kind(load(fitting[0] / "record.json"), kind, name)
        fitting = of_kind
    if len(fitting) == 1:
        return fitting[0]
    if kind is not None:
        finished = [folder for folder in finished if load(folder / "record.json").kind == kind]
    known = ", ".join(folder.name for folder in (fitting or finished)) or "none"
    problem = "several finished runs fit" if fitting else f"no finished run in {runs} has that id"
    raise StudyError(f"run={name}: {problem}; {'choose from' if fitting or finished else 'there are'} {known}")


def check_kind(record: Record, kind: str | None, name: str) -> None:
    """Raises StudyError unless a record is of the kind asked for."""
    if kind is not None and record.kind != kind:
        raise StudyError(f"run={name}: {record.name} is a record of kind {record.kind!r}, not a training run")


def load_run(folder: Path) -> Finished:
    """Rebuild a finished run's module from its record and read its weights.

    Raises:
        StudyError: the weights are missing, or do not fit the configuration, data or version of the record.
    """
    record = load(folder / "record.json")
    check_kind(record, "train", str(folder))
    config: dict[str, Any] = dict(record.config)
    run = open_run({**config, "runs": str(folder.parent), "trainer": {**config["trainer"], **ON_CPU}})
    if run.corpus.fingerprint != record.data:
        raise StudyError(
            f"{folder}: trained on data {record.data}, but its configuration now gives {run.corpus.fingerprint}: "
            "token ids would not fit; train the run again"
        )
    module = build_module(run)
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise StudyError(
            f"{weights} is missing: only the record is left; train the run again under another runs=FOLDER"
        )
    try:
        module.model.load_state_dict(load_file(weights))
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(f"{weights} does not fit its record's configuration ({first_line})") from error
    return Finished(run, record, module.eval())


ON_CPU = {"accelerator": "cpu", "devices": 1, "nodes": 1, "strategy": "auto", "precision": "32-true"}
"""A finished run is looked at wherever it was trained."""
