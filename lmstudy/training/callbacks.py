"""Callbacks: the loss curve that survives a kill, speed, progress, and loggers that may not stop a run."""

import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from lmstudy.errors import StudyError
from lmstudy.training.clock import Clock

Curves = dict[str, Any]
"""Name -> {"step": [...], "value": [...]}"""


class History(Callback):
    """Keeps what was logged as curves, inside the checkpoint: a resumed run has the whole curve.

    Training values are kept every `every` steps, validation values whenever there are some.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.curves: Curves = {}

    def _check(self, trainer: L.Trainer) -> None:
        """Raises StudyError for a loss that is not finite: nothing is learned any more, and nothing may be recorded."""
        for name in ("train/loss", "valid/loss"):
            loss = trainer.callback_metrics.get(name)
            if loss is not None and not torch.isfinite(loss):
                which = {"train/loss": "training", "valid/loss": "validation"}[name]
                raise StudyError(
                    f"the {which} loss is {float(loss)} at step {trainer.global_step}: the run has diverged; "
                    "lower optimizer.lr (and optimizer.matrix_lr) or raise optimizer.warmup_steps"
                )

    def on_train_batch_start(self, trainer: L.Trainer, *args: Any) -> None:
        if trainer.global_step % self.every == 0:
            self._check(trainer)

    def on_train_end(self, trainer: L.Trainer, *args: Any) -> None:
        self._check(trainer)

    def _keep(self, trainer: L.Trainer, prefix: str) -> None:
        for name, value in trainer.callback_metrics.items():
            if name.startswith(prefix):
                curve = self.curves.setdefault(name, {"step": [], "value": []})
                if not curve["step"] or curve["step"][-1] < trainer.global_step:
                    curve["step"].append(trainer.global_step)
                    curve["value"].append(float(value))

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any) -> None:
        if trainer.global_step % self.every == 0:
            self._keep(trainer, "train/")

    def on_validation_end(self, trainer: L.Trainer, *args: Any) -> None:
        if not trainer.sanity_checking:
            self._keep(trainer, "valid/")
            if trainer.state.fn == "fit":
                self._check(trainer)

    def state_dict(self) -> dict[str, Any]:
        return {"curves": self.curves}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.curves = state["curves"]


class AnswersScored(Callback):
    """Logs at each validation how good the answers of a module are, as `logged`.

    Args:
        score: of a module on the CPU; higher is better.
    """

    logged = "valid/answers"

    def __init__(self, score: Callable[[Any], float]) -> None:
        self.score = score

    def on_validation_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        device = module.device
        module.log(self.logged, self.score(module.cpu()))
        module.to(device)


class Throughput(Callback):
    """Logs target tokens a second, validation and checkpoints left out, and counts tokens seen."""

    def __init__(self) -> None:
        self.tokens, self.timed_tokens, self.seconds = 0, 0, 0.0
        self._clock: float | None = None

    def on_train_batch_end(
        self, trainer: L.Trainer, module: L.LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        now, count = time.perf_counter(), int(batch.target_tokens)
        self.tokens += count
        if self._clock is not None:
            module.log("train/tokens_per_second", count / (now - self._clock))
            self.timed_tokens += count
            self.seconds += now - self._clock
        self._clock = now

    def on_validation_end(self, *args: Any) -> None:
        self._clock = None

    def on_save_checkpoint(self, *args: Any) -> None:
        self._clock = None

    def state_dict(self) -> dict[str, Any]:
        return {"tokens": self.tokens, "timed_tokens": self.timed_tokens, "seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.tokens, self.timed_tokens, self.seconds = state["tokens"], state["timed_tokens"], state["seconds"]

    def summary(self) -> dict[str, float]:
        """Target tokens seen over the whole run, and how many a second."""
        rate = self.timed_tokens / self.seconds if self.seconds else float("nan")
        return {"tokens": float(self.tokens), "tokens_per_second": rate}


class SessionClock(Clock, Callback):
    """When a run first began, and what its time went into, over all its sessions; it is kept in the checkpoint.

    What was done after the last checkpoint and lost with the process is not counted.

    Args:
        now: when the run began, as `lmstudy.runs.provenance.now` says it.
    """

    def __init__(self, now: str) -> None:
        super().__init__()
        self.started = now
        self._unsplit = 0.0
        """Seconds of sessions of a version that did not tell parts."""

    @property
    def seconds(self) -> float:
        return sum(self.spent.values()) + self._unsplit

    @property
    def parts(self) -> dict[str, float] | None:
        """Seconds of each of `PARTS`, which add up to `seconds`; None where those of an earlier session are unknown."""
        return None if self._unsplit else self.spent

    def on_train_batch_start(self, *args: Any) -> None:
        self.enter("steps")

    def on_validation_start(self, trainer: L.Trainer, *args: Any) -> None:
        self.enter("validation" if trainer.state.fn == "fit" else "evaluation")

    def on_validation_end(self, trainer: L.Trainer, *args: Any) -> None:
        self.enter("steps" if trainer.state.fn == "fit" else "evaluation")

    def on_save_checkpoint(self, *args: Any) -> None:
        self.enter("saving")  # until the next step

    def state_dict(self) -> dict[str, Any]:
        return {"started": self.started, "seconds": self.seconds, "parts": self.parts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.started = state["started"]
        if (parts := state.get("parts")) is None:
            self._unsplit += state["seconds"]
        else:
            self.add(parts)


class Interruptible(Callback):
    """Ctrl-C stops a training even where Python drops the exception, as in finalisers: the next step sees it.

    Until a training has ended whole, the handler stays, and does what Python's own does.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def on_fit_start(self, *args: Any) -> None:
        if threading.current_thread() is threading.main_thread():  # others may not handle signals
            self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, *args: Any) -> None:
        self.asked = True
        raise KeyboardInterrupt

    def on_train_batch_start(self, *args: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt

    def teardown(self, *args: Any, **kwargs: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None


class LastCheckpoint(ModelCheckpoint):
    """Keeps the furthest checkpoint; at steps that validate, it is saved after the validation.

    Lightning saves in the training step, before the validation of the same step, and a run resumed from such a
    checkpoint never makes up for it: its curve would lack a point.
    """

    def __init__(self, folder: Path, every: int, evaluate_every: int) -> None:
        super().__init__(
            dirpath=folder,
            filename="{step}",
            every_n_train_steps=every,
            save_top_k=1,
            enable_version_counter=False,
        )
        self._every, self._evaluate_every = every, evaluate_every

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any, **kwargs: Any) -> None:
        if trainer.global_step % self._evaluate_every:
            super().on_train_batch_end(trainer, *args, **kwargs)

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if trainer.state.fn == "fit" and not trainer.sanity_checking and trainer.global_step % self._every == 0:
            candidates = self._monitor_candidates(trainer)
            self._save_topk_checkpoint(trainer, candidates)


class ProgressLine(Callback):
    """One line of progress: rewritten in place on a terminal, every tenth of the run in a log."""

    def __init__(self, steps: int, label: str) -> None:
        self.steps, self.label = steps, label
        self._began = 0.0
        self._first = 0

    def on_train_start(self, trainer: L.Trainer, *args: Any) -> None:
        self._began, self._first = time.perf_counter(), trainer.global_step
        if self._first:
            print(f"{self.label}: resumes at step {self._first} of {self.steps}", file=sys.stderr)

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any) -> None:
        step, terminal = trainer.global_step, sys.stderr.isatty()
        if not trainer.is_global_zero or not (terminal or step == self.steps or step % max(self.steps // 10, 1) == 0):
            return
        done = step - self._first
        left = (time.perf_counter() - self._began) / max(done, 1) * (self.steps - step)
        values = trainer.callback_metrics
        shown = [f"step {step}/{self.steps}", f"loss {float(values['train/loss']):.3f}"]
        if "valid/bits_per_byte" in values:
            shown.append(f"valid {float(values['valid/bits_per_byte']):.3f} bits/byte")
        if "train/tokens_per_second" in values:
            shown.append(f"{float(values['train/tokens_per_second']):,.0f} tokens/s")
        shown.append(f"{left:.0f} s left")
        end = "\n" if not terminal or step == self.steps else ""
        print("\r" * terminal + f"{self.label}: " + ", ".join(shown), end=end, file=sys.stderr, flush=True)
