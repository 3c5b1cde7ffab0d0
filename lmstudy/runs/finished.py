"""Finished trainings, loaded with their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmstudy.data.corpus import for_writing
from lmstudy.errors import StudyError
from lmstudy.runs.folders import CHECKSUMS, TOKENIZER, check_files, check_kind
from lmstudy.runs.lifecycle import WEIGHTS, Work
from lmstudy.runs.records import Record, load

ON_CPU = {"accelerator": "cpu", "devices": 1, "nodes": 1, "strategy": "auto", "precision": "32-true"}
"""A finished run is looked at wherever it was trained."""


@dataclass(frozen=True)
class Finished:
    """A finished training, its record, and its module in evaluation mode.

    Args:
        run: a `Run` or, of a fine-tuning, a `Tuning`.
        record: whose `kind` says which.
        module: a `PretrainingModule` or a `FineTuningModule`.
    """

    run: Any
    record: Record
    module: Any


def load_run(folder: Path, writes_only: bool = False) -> Finished:
    """Rebuild a finished pretraining's module from its record, and read its weights; errors as `loaded`,
    and a published model's files must be what was published.

    Args:
        folder: of its record and its weights.
        writes_only: that it is to write and nothing else: a published model then needs none of its corpus.
    """
    from lmstudy.runs.pretraining import build_module, open_run  # torch, which who looks at records need not wait for

    if (folder / CHECKSUMS).exists():
        check_files(folder)

    def opened(config: dict[str, Any]) -> Work:
        tokenizer = folder / TOKENIZER
        if writes_only and tokenizer.exists():
            return open_run(config, for_writing(config["data"], tokenizer, load(folder / "record.json").data))
        return open_run(config)

    return loaded(folder, "train", opened, build_module, lambda module: module.model, "train the run again")


def loaded(
    folder: Path,
    kind: str,
    open_work: Callable[[dict[str, Any]], Work],
    build: Callable[[Any], Any],
    part: Callable[[Any], Any],
    again: str,
) -> Finished:
    """A finished training of any kind with its weights.

    Args:
        folder: of its record and its weights.
        kind: of the record.
        open_work: what a configuration says to train.
        build: its module, before weights are read.
        part: the part of the module that the weights are of.
        again: what to do where they are gone.

    Raises:
        StudyError: the record is of another kind; the weights are missing, or do not fit the configuration, data or
            version of the record.
    """
    from safetensors.torch import load_file

    record = load(folder / "record.json")
    check_kind(record, kind, str(folder))
    config: dict[str, Any] = dict(record.config)
    run = open_work({**config, "runs": str(folder.parent), "trainer": {**config["trainer"], **ON_CPU}})
    if run.data != record.data:
        raise StudyError(
            f"{folder}: trained on data {record.data}, but its configuration now gives {run.data}: "
            f"token ids would not fit; {again}"
        )
    weights = folder / WEIGHTS
    if not weights.exists():
        raise StudyError(f"{weights} is missing: only the record is left; {again} under another runs=FOLDER")
    module = build(run)
    try:
        found = load_file(weights)
    except Exception as error:
        raise StudyError(f"{weights} is damaged ({error}): {again} under another runs=FOLDER") from error
    try:
        part(module).load_state_dict(found)
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(f"{weights} does not fit its record's configuration ({first_line})") from error
    return Finished(run, record, module.eval())
