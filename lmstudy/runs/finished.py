"""Finished pretrainings and fine-tunings, loaded with their weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn

from lmstudy.errors import StudyError
from lmstudy.runs.fine_tuning import Tuning, first_module, open_tuning
from lmstudy.runs.folders import check_kind
from lmstudy.runs.lifecycle import WEIGHTS
from lmstudy.runs.pretraining import Run, build_module, open_run
from lmstudy.runs.records import Record, load

ON_CPU = {"accelerator": "cpu", "devices": 1, "nodes": 1, "strategy": "auto", "precision": "32-true"}
"""A finished run is looked at wherever it was trained."""
NEWER = {"label_weights": None, "keep": None}
"""What records of fine-tunings do not say that are older than these keys."""


@dataclass(frozen=True)
class Finished:
    """A finished training, its record, and its module in evaluation mode.

    Args:
        run: a `Run` or a `Tuning`, by what `load_run` was asked for.
        record: whose `kind` says which.
        module: a `PretrainingModule` or a `FineTuningModule`.
    """

    run: Any
    record: Record
    module: Any


def load_run(folder: Path, kind: str = "train") -> Finished:
    """Rebuild a finished training's module from its record, and read its weights.

    Args:
        folder: of its record and its weights.
        kind: "train" for a pretraining, "tuning" for a fine-tuning.

    Raises:
        StudyError: the record is of another kind; the weights, or those of what a fine-tuning started from, are
            missing, or do not fit the configuration, data or version of the record.
    """
    record = load(folder / "record.json")
    check_kind(record, kind, str(folder))
    config: dict[str, Any] = dict(record.config)
    config |= {"runs": str(folder.parent), "trainer": {**config["trainer"], **ON_CPU}}
    run: Run | Tuning = open_run(config) if kind == "train" else open_tuning({**NEWER, **config})
    again = "train the run again" if kind == "train" else "fine-tune again"
    if run.data != record.data:
        raise StudyError(
            f"{folder}: trained on data {record.data}, but its configuration now gives {run.data}: "
            f"token ids would not fit; {again}"
        )
    weights = folder / WEIGHTS
    if not weights.exists():
        raise StudyError(f"{weights} is missing: only the record is left; {again} under another runs=FOLDER")
    module: nn.Module = build_module(run) if isinstance(run, Run) else first_module(run)
    own: Any = module.model if isinstance(run, Run) else module  # weights of a fine-tuning hold its head, too
    try:
        own.load_state_dict(load_file(weights))
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(f"{weights} does not fit its record's configuration ({first_line})") from error
    return Finished(run, record, module.eval())
