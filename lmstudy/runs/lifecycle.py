"""Common to all that leaves a record: once, by one process, in as many sessions as kills and Ctrl-C make of it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.atomic import replacing, sweep_up, write_text
from lmstudy.config import TrainerConfig
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.checkpoints import last_checkpoint, newest_whole, stamp, step_of
from lmstudy.runs.identity import NUMERICS, finding_id
from lmstudy.runs.records import Findings, Record, load
from lmstudy.waiting import alone

if TYPE_CHECKING:  # who looks at records need not wait for torch
    import lightning as L
    from lightning.pytorch.callbacks import Callback
    from torch import Tensor

    from lmstudy.runs.trunks import SharesTrunk
    from lmstudy.training.callbacks import History, SessionClock

WEIGHTS = "model.safetensors"
_VERBS = {"train": "train", "tuning": "train", "reward": "train", "evaluation": "measure"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """What leaves a record, before it is done; its folder is `RUNS/NAME-ID`.

    Args:
        kind: of the record, such as "train".
        id: 16 hex digits, see `lmstudy.runs.identity`.
        name: readable, without spaces.
        config: as the record keeps it.
        typed: the checked configuration, which has `runs`; that of a training has `trainer` and `logger`, too.
        data: the fingerprint of what it is done with.
        seed: None where chance has no part.
    """

    kind: str
    id: str
    name: str
    config: dict[str, Any]
    typed: Any
    data: str
    seed: int | None = None

    @property
    def folder(self) -> Path:
        return Path(self.typed.runs) / f"{self.name}-{self.id}"

    @property
    def record_path(self) -> Path:
        return self.folder / "record.json"


def baseline(kind: str, name: str, content: dict[str, Any], data: str, typed: Any) -> Work:
    """The work of a baseline, which is known by its content and its data; arguments as in `Work`."""
    return Work(kind=kind, id=finding_id(content, data), name=name, config=content, typed=typed, data=data)


def once(work: Work, make: Callable[[], Record], alone: bool = True) -> Record:
    """The record of a work if it is finished, else what `make` makes of it.

    Args:
        work: not yet done, or half, or wholly.
        make: does it, writes its record and returns it.
        alone: whether no other process may work on it now; those of a distributed run share a folder.

    Raises:
        StudyError: its folder cannot be written to; or another process works on it, and this one may not wait.
    """
    if work.record_path.exists():
        print(f"{work.name}: record {work.id} exists, nothing to {_VERBS.get(work.kind, 'fit')}", file=sys.stderr)
        return load(work.record_path)
    if not alone:
        return make()
    with _locked(work.folder):
        return load(work.record_path) if work.record_path.exists() else make()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder, to this process alone, once others are done with it."""
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(alone(folder / ".lock", f"run {folder}"))
        except OSError as error:
            why = f"cannot write to {folder} ({error.strerror}): set runs=FOLDER to one with room"
            raise StudyError(why) from error
        sweep_up(folder)
        yield


_made: set[str] = set()


def made_here(id: str) -> bool:
    """Whether this process made the record of this id since this was last asked, and did not find it."""
    made = id in _made
    _made.discard(id)
    return made


def measured(work: Work, find: Callable[[], Findings]) -> Record:
    """The record of what is found in one go, without training; made once.

    Raises:
        StudyError: as `once`, and what `find` raises.
    """

    def make() -> Record:
        clock = provenance.Clock()
        return finish(work, clock, find())

    return once(work, make)


def record(work: Work, clock: provenance.Timed, found: Findings, gpus: Sequence[str] = ()) -> Record:
    """What was found, with what it is of, where and when.

    Args:
        work: that has just been done.
        clock: that timed it.
        found: metrics, groups, samples, curves and notes.
        gpus: names of the GPUs used.
    """
    return Record(
        id=work.id,
        kind=work.kind,
        name=work.name,
        config=work.config,
        seed=work.seed,
        data=work.data,
        numerics=NUMERICS,
        **provenance.circumstances(clock, gpus),
        **vars(found),
    )


def finish(work: Work, clock: provenance.Timed, found: Findings, gpus: Sequence[str] = ()) -> Record:
    """Write the `record` of a work into its folder, say so, and return it."""
    made = record(work, clock, found, gpus)
    made.write(work.record_path)
    _made.add(work.id)
    print(f"{work.name}: finished, {work.record_path}", file=sys.stderr)
    return made


@dataclass(frozen=True)
class Session:
    """A training while it goes on."""

    work: Work
    clock: SessionClock
    history: History
    trainer: L.Trainer
    shared: SharesTrunk | None = None

    def fit(self, module: L.LightningModule, data: L.LightningDataModule) -> None:
        """Train from the last checkpoint of this work, or from the beginning.

        Raises:
            StudyError: every checkpoint is damaged, or the last is another run's; the loss diverges; memory or the
                disk does not suffice.
        """
        from lmstudy.training.allocator import memory_error
        from lmstudy.training.clock import TimedBatches

        stamped = partial(stamp, self.work.id, self.shared.trunk.id if self.shared else None)
        module.on_save_checkpoint = stamped  # type: ignore[method-assign]
        checkpoint = newest_whole(self.work.folder, self.work.id)
        if checkpoint is None and self.shared and (checkpoint := self.shared.trunk.furthest()):
            self.shared.branching = True
        loader = data.train_dataloader
        data.train_dataloader = lambda: TimedBatches(loader(), self.clock)  # type: ignore[method-assign]
        try:
            self.trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
        except Exception as error:
            if cause := memory_error(error):
                raise cause from error
            raise

    def finish(self, found: Findings) -> Record:
        """Write the record, with the curves of all sessions; checkpoints are needed no more."""
        from lmstudy.training.devices import gpu_names

        self.clock.enter("saving")
        gpus = gpu_names(self.work.typed.trainer)
        made = finish(self.work, self.clock, replace(found, curves=dict(self.history.curves)), gpus)
        shutil.rmtree(self.work.folder / "checkpoints", ignore_errors=True)
        return made


@contextmanager
def session(
    work: Work,
    clock: SessionClock,
    steps: int,
    evaluate_every: int,
    watching: Sequence[Callback] = (),
    shared: SharesTrunk | None = None,
) -> Iterator[Session]:
    """A training's trainer, with a curve, progress, and the loggers that the configuration names, closed at the end.

    Args:
        work: whose configuration has `trainer` and `logger`.
        clock: started when the work began.
        steps: of the whole training.
        evaluate_every: steps between validations.
        watching: callbacks of its own.
        shared: with trainings of other lengths, if anything is.

    Raises:
        KeyboardInterrupt: Ctrl-C; says from which step the same command goes on.
    """
    from lmstudy.training.callbacks import History, ProgressLine
    from lmstudy.training.loggers import build_loggers
    from lmstudy.training.trainer import build_trainer

    placed: TrainerConfig = work.typed.trainer
    write_text(work.folder / "config.json", json.dumps(work.config, indent=1))
    history = History(placed.log_every)
    loggers = build_loggers(list(work.typed.logger.names), work.folder, work.id, work.name)
    callbacks = [*watching, history, clock, ProgressLine(steps, work.name), *([shared] if shared else [])]
    trainer = build_trainer(placed, work.folder, steps, evaluate_every, callbacks, loggers)
    try:
        with clock.notices_compilation():
            yield Session(work, clock, history, trainer, shared)
    except SystemExit:
        if trainer.interrupted:  # Lightning turns Ctrl-C into an exit of its own
            kept = last_checkpoint(work.folder)
            begins = f"step {step_of(kept)}" if kept else "its beginning"
            raise KeyboardInterrupt(
                f"interrupted at step {trainer.global_step} of {steps}; the same command goes on from {begins}"
            ) from None
        raise
    finally:
        for logger in loggers:
            logger.close()


def save_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Whole and on the disk, or not at all: checkpoints are removed next."""
    from safetensors.torch import save

    with replacing(path) as temporary:  # by Python, whose errors say what is wrong: such as a full disk
        temporary.write_bytes(save({name: value.contiguous() for name, value in weights.items()}))
