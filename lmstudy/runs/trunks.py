"""Trainings that differ in their length alone share their beginning, up to the step from which the rate falls.

The first of them leaves a checkpoint there, and a longer one goes on from it: the same batches at the same rates have
led to it, so that the longer one becomes what it would have become alone, and costs only what is its own. Checkpoints
lie in `RUNS/trunks/ID`, and may be deleted.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from lmstudy.errors import StudyError
from lmstudy.runs.checkpoints import step_of
from lmstudy.runs.identity import NUMERICS, digest, kept
from lmstudy.training.callbacks import SessionClock
from lmstudy.training.optimizers import Schedule

FOLDER = "trunks"


@dataclass(frozen=True)
class Trunk:
    """What a training shares with those of other lengths.

    Args:
        folder: of the checkpoints of all lengths.
        leaves: the step at which this length parts from longer ones: the last at the full rate.
    """

    folder: Path
    leaves: int

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def own(self) -> Path:
        """The checkpoint that this length leaves for longer ones."""
        return self.folder / f"step={self.leaves}.ckpt"

    def furthest(self) -> Path | None:
        """The furthest checkpoint that this length can go on from.

        Raises:
            StudyError: it is damaged, or of another trunk or version; it is left where it is.
        """
        found = [path for path in self.folder.glob("step=*.ckpt") if step_of(path) <= self.leaves]
        path = max(found, key=step_of, default=None)
        if path is None:
            return None
        try:
            mark = torch.load(path, map_location="cpu", weights_only=True, mmap=True).get("lmstudy", {})
        except Exception as error:
            raise StudyError(f"trunk checkpoint {path} cannot be read: delete it to do its steps again") from error
        if (mark.get("trunk"), mark.get("numerics")) != (self.id, NUMERICS):
            raise StudyError(
                f"trunk checkpoint {path} is of trunk {mark.get('trunk')} and numerics version {mark.get('numerics')}, "
                f"not of {self.id} and {NUMERICS}: delete it to do its steps again"
            )
        return path


def trunk_of(config: dict[str, Any], data: str, runs: Path, schedule: Schedule, last_shared: int) -> Trunk:
    """The trunk of a training.

    Args:
        config: resolved, with whole ids in the place of names of runs.
        data: the fingerprint of the corpus.
        runs: the folder of runs.
        schedule: of the learning rate.
        last_shared: the step up to which all lengths read the same; then the objective goes by shares of the steps.

    Raises:
        StudyError: nothing is shared with other lengths.
    """
    steps = int(config["budget"]["steps"])
    leaves = schedule.full_until(steps)
    if leaves <= schedule.warmup_steps:
        raise StudyError(
            f"trunk=true: of {steps} steps none is at the full rate before the decay, so that trainings of other "
            "lengths share nothing: set optimizer.decay_share below 1 (as optimizer=muon_stable has it), or trunk=false"
        )
    if last_shared < leaves:
        raise StudyError(
            f"trunk=true: this objective has an onset or a cooldown at a share of the {steps} steps, so that trainings "
            "of other lengths read other texts before the decay: set trunk=false"
        )
    without = {**config, "budget": {key: value for key, value in config["budget"].items() if key != "steps"}}
    return Trunk(runs / FOLDER / digest(kept(without), data, NUMERICS), leaves)


class SharesTrunk(Callback):
    """Leaves the trunk's checkpoint, and remembers what was taken from one.

    Args:
        trunk: what is shared.
        evaluate_every: steps between validations; at one of them, the checkpoint is written after it.
    """

    def __init__(self, trunk: Trunk, evaluate_every: int) -> None:
        self.trunk, self.evaluate_every = trunk, evaluate_every
        self.branching = False
        """Whether the checkpoint that is read next is the trunk's, not this run's own."""
        self.taken = {"steps": 0.0, "seconds": 0.0}

    def _leave(self, trainer: L.Trainer) -> None:
        path = self.trunk.own
        if path.exists():
            return
        temporary = path.with_name(f".{path.name}.tmp")  # one name for all processes, as `atomic.replacing` has not
        path.parent.mkdir(parents=True, exist_ok=True)
        trainer.save_checkpoint(temporary)  # every process takes part where parameters are sharded
        if trainer.is_global_zero:
            temporary.replace(path)

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any) -> None:
        if trainer.global_step == self.trunk.leaves and trainer.global_step % self.evaluate_every:
            self._leave(trainer)

    def on_validation_end(self, trainer: L.Trainer, *args: Any) -> None:
        if trainer.state.fn == "fit" and trainer.global_step == self.trunk.leaves:
            self._leave(trainer)

    def on_load_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        if self.branching:
            clock = next(callback for callback in trainer.callbacks if isinstance(callback, SessionClock))  # type: ignore[attr-defined]
            seconds = checkpoint["callbacks"][clock.state_key]["seconds"]
            self.taken = {"steps": float(checkpoint["global_step"]), "seconds": float(seconds)}
            print(f"goes on from step {checkpoint['global_step']} of trunk {self.trunk.id}", file=sys.stderr)

    def state_dict(self) -> dict[str, Any]:
        return {"taken": self.taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if not self.branching:
            self.taken = state["taken"]
