"""Finished runs, loaded with their weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from lmstudy.errors import StudyError
from lmstudy.runs.folders import check_kind
from lmstudy.runs.folders import find_folder as find_folder
from lmstudy.runs.pretraining import Run, build_module, open_run
from lmstudy.runs.records import Record, load
from lmstudy.training.pretraining import PretrainingModule


@dataclass(frozen=True)
class Finished:
    """A finished run with its trained module, in evaluation mode."""

    run: Run
    record: Record
    module: PretrainingModule


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
