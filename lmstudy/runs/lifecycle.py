"""Common to all that is trained: once, by one process, in as many sessions as kills and Ctrl-C make of it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import lightning as L
from filelock import FileLock, Timeout
from lightning.pytorch.callbacks import Callback
from safetensors.torch import save_file
from torch import Tensor

from lmstudy.atomic import replacing, write_text
from lmstudy.config import LoggerConfig, TrainerConfig
from lmstudy.errors import StudyError
from lmstudy.runs.checkpoints import check_checkpoint, last_checkpoint, stamp
from lmstudy.runs.records import Record, load
from lmstudy.training.callbacks import History, ProgressLine, SessionClock
from lmstudy.training.loggers import build_loggers
from lmstudy.training.trainer import build_trainer

WEIGHTS = "model.safetensors"


class Settings(Protocol):
    """What the configuration of every training has."""

    trainer: TrainerConfig
    logger: LoggerConfig
    runs: str


class InFolder:
    """A training whose folder is `RUNS/NAME-ID`."""

    config: dict[str, Any]
    typed: Any
    """`Settings`"""
    id: str
    name: str

    @property
    def folder(self) -> Path:
        return Path(self.typed.runs) / f"{self.name}-{self.id}"

    @property
    def record_path(self) -> Path:
        return self.folder / "record.json"


def once(run: InFolder, fit: Callable[[], Record], alone: bool = True) -> Record:
    """The record of a run if it is finished, else what `fit` makes of it.

    Args:
        run: not yet trained, or half, or wholly.
        fit: trains it and returns its record.
        alone: whether no other process may train it now; those of a distributed run share a folder.

    Raises:
        StudyError: another process trains it, or its folder cannot be written to.
    """
    if run.record_path.exists():
        print(f"{run.name}: record {run.id} exists, nothing to train", file=sys.stderr)
        return load(run.record_path)
    if not alone:
        return fit()
    with _locked(run.folder):
        return load(run.record_path) if run.record_path.exists() else fit()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The run's folder, to this process alone."""
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StudyError(f"run {folder} is being trained by another process: wait for it or stop it") from None
    except OSError as error:
        raise StudyError(f"cannot write to {folder} ({error.strerror}): set runs=FOLDER to one with room") from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class Session:
    """A run while it is trained."""

    run: InFolder
    clock: SessionClock
    history: History
    trainer: L.Trainer

    def fit(self, module: L.LightningModule, data: L.LightningDataModule) -> None:
        """Train from the last checkpoint of this run, or from the beginning.

        Raises:
            StudyError: the checkpoint is damaged or another run's, or the loss diverges.
        """
        run = self.run.id
        module.on_save_checkpoint = partial(stamp, run=run)  # type: ignore[method-assign]
        if checkpoint := last_checkpoint(self.run.folder):
            check_checkpoint(checkpoint, run)
        self.trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)

    def finish(self, record: Record) -> Record:
        """Write the record; checkpoints are needed no more."""
        record.write(self.run.record_path)
        shutil.rmtree(self.run.folder / "checkpoints", ignore_errors=True)
        print(f"{self.run.name}: finished, {self.run.record_path}", file=sys.stderr)
        return record


@contextmanager
def session(
    run: InFolder, clock: SessionClock, steps: int, evaluate_every: int, watching: Sequence[Callback] = ()
) -> Iterator[Session]:
    """A run's trainer, with a curve, progress, and the loggers that the configuration names, closed at the end.

    Raises:
        KeyboardInterrupt: Ctrl-C, once a checkpoint is written.
    """
    settings: Settings = run.typed
    write_text(run.folder / "config.json", json.dumps(run.config, indent=1))
    history = History(settings.trainer.log_every)
    loggers = build_loggers(list(settings.logger.names), run.folder, run.id, run.name)
    callbacks = [*watching, history, clock, ProgressLine(steps, run.name)]
    trainer = build_trainer(settings.trainer, run.folder, steps, evaluate_every, callbacks, loggers)
    try:
        yield Session(run, clock, history, trainer)
    except SystemExit:
        if trainer.interrupted:  # Lightning turns Ctrl-C into an exit of its own
            raise KeyboardInterrupt from None
        raise
    finally:
        for logger in loggers:
            logger.close()


def save_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Whole and on the disk, or not at all: checkpoints are removed next."""
    with replacing(path) as temporary:
        save_file({name: value.contiguous() for name, value in weights.items()}, temporary)
