"""Workload `overhead`: what Lightning, logging and callbacks add to a training step. There is no peer.

The same training steps twice: as `lmstudy-train` runs them, and in a bare loop.
"""

import contextlib
import io
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import lightning as L
import numpy as np
from lightning.pytorch.callbacks import Callback
from pydantic import Field, PositiveInt

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contenders.ours import BareTraining
from lmstudy.benchmark.contest import Block, Contest, Entry, comparable
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.compose import compose_config
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import paired_ratio
from lmstudy.runs import provenance
from lmstudy.runs.pretraining import Run, build_data, build_module, open_run
from lmstudy.training.allocator import keep_freed_memory
from lmstudy.training.callbacks import History, ProgressLine, SessionClock, Throughput
from lmstudy.training.compilation import compile_network
from lmstudy.training.loggers import build_loggers
from lmstudy.training.trainer import build_trainer

STEPS = "steps_per_second"


@dataclass(frozen=True)
class Overhead:
    """`lmstudy-train` against a bare loop with the same model, batches and optimiser, in turns.

    Args:
        overrides: of `lmstudy-train`, such as "budget=quick": model, shapes, logger, compilation.
        steps: of a block, at least 2; there is one step more, and the time is from its end on.
        checkpoint_every: steps between checkpoints, for what they would add; none is written while time is taken.
    """

    name: ClassVar[str] = "overhead"

    overrides: list[str]
    steps: Annotated[int, Field(ge=2)]
    checkpoint_every: PositiveInt

    def run(self, bench: Bench) -> Result:
        """Headline: how much longer a step takes in the product, in percent."""
        corpus = prepare(bench.data)
        never = f"trainer.checkpoint_every={self.steps + 2}"
        given = {
            "overrides": [*self.overrides, f"trainer.threads={bench.threads}", never],
            "data": bench.data,
            "steps": self.steps,
        }
        entries = [Entry("product", f"{__name__}.Product", given), Entry("bare", f"{__name__}.Bare", given)]
        contest = bench.hold(entries, check=comparable)
        return ratios.result(contest, lines(contest, self.checkpoint_every), STEPS, corpus.fingerprint)


def lines(contest: Contest, checkpoint_every: int) -> list[Line]:
    """The overhead in percent, with its interval; then seconds a step, the wait for data, and checkpoints."""
    product, bare = contest.accounts["product"], contest.accounts["bare"]
    found = paired_ratio(bare.rates(), product.rates())  # rates are inverse to times
    sure = ratios.conclusive(found, Machine.of(contest.machine))
    percent = found.minus(1).times(100)
    shown = [Line.of("overhead", "%", percent, rounds=found.n, better="lower", conclusive=sure)]
    for name, account in contest.accounts.items():
        step = float(np.median(1 / account.rates()))
        waited = float(np.median(account.facts["data_seconds_a_step"]))
        shown.append(Line("seconds_per_step", "s", contender=name, value=step, better="lower"))
        shown.append(Line("waits_for_data", "% of a step", contender=name, value=100 * waited / step, better="lower"))
    checkpoint = float(np.median(product.facts["checkpoint_seconds"]))
    share = 100 * checkpoint / checkpoint_every * float(np.median(bare.rates()))
    shown.append(Line("seconds_per_checkpoint", "s", contender="product", value=checkpoint, better="lower"))
    shown.append(Line("checkpoints", "% of a bare step", contender="product", value=share, better="lower"))
    return shown


class StepEnds(Callback):
    """When each training step was over."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_batch_end(self, *args: Any) -> None:
        self.times.append(time.perf_counter())


class TimedBatches:
    """Batches, and how long each was waited for, in seconds."""

    def __init__(self, batches: Iterable[Seq2SeqBatch]) -> None:
        self.batches = batches
        self.seconds: list[float] = []

    def __iter__(self) -> Iterator[Seq2SeqBatch]:
        batches = iter(self.batches)
        while True:
            start = time.perf_counter()
            batch = next(batches)
            self.seconds.append(time.perf_counter() - start)
            yield batch


class _Steps:
    """A run of `steps` + 1 steps a block, always the same batches; the time is from the end of the first on.

    Args:
        overrides: of `lmstudy-train`; the budget gives model, shape and schedule.
        data: the `data` group.
        steps: counted in a block.
    """

    def __init__(self, overrides: list[str], data: dict[str, Any], steps: int) -> None:
        config = compose_config("train", overrides) | {"data": data}
        self.run: Run = open_run(config)
        self.steps, self.module, self.data = steps, build_module(self.run), build_data(self.run)
        budget = self.run.typed.budget
        compiled = compile_network(self.module.model, self.run.typed.trainer.compile, budget.steps)
        self.facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in self.module.model.parameters()),
            "shape": [budget.rows, budget.encoder_length, budget.decoder_length],
            "compiled": compiled,
            "data_seconds_a_step": [],
        }

    def _block(self, ends: list[float], batches: TimedBatches) -> Block:
        if len(ends) != self.steps + 1:
            raise StudyError(f"{len(ends)} steps were made instead of {self.steps + 1}")
        waited = batches.seconds[1 : self.steps + 1]  # the first one plans the epoch
        self.facts["data_seconds_a_step"].append(sum(waited) / len(waited))
        return Block(ends[-1] - ends[0], self.steps)


class Product(_Steps):
    """Lightning's Trainer with the module, callbacks and CSV logger of a run; the first checkpoint comes after it."""

    def __init__(self, overrides: list[str], data: dict[str, Any], steps: int) -> None:
        super().__init__(overrides, data, steps)
        self.facts["checkpoint_seconds"] = []

    def block(self) -> Block:
        typed, steps = self.run.typed, self.steps + 1
        ends, batches = StepEnds(), TimedBatches(self.data.train_dataloader())
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            callbacks: list[Callback] = [
                History(typed.trainer.log_every),
                Throughput(),
                SessionClock(provenance.now()),
                ProgressLine(steps, self.run.name),
                ends,
            ]
            loggers = build_loggers(list(typed.logger.names), Path(folder), self.run.id, self.run.name)
            never = steps + 1  # validations are not part of a step
            trainer = build_trainer(typed.trainer, Path(folder), steps, never, callbacks, loggers)
            trainer.fit(self.module, train_dataloaders=batches, val_dataloaders=self.data.val_dataloader())
            self._time_checkpoint(trainer, Path(folder))
            for logger in loggers:
                logger.close()
        return self._block(ends.times, batches)

    def _time_checkpoint(self, trainer: L.Trainer, folder: Path) -> None:
        start = time.perf_counter()
        trainer.save_checkpoint(folder / "timed.ckpt")
        self.facts["checkpoint_seconds"].append(time.perf_counter() - start)


class Bare(_Steps):
    """Loss, gradients, clipping, optimiser and schedule in a plain loop."""

    def block(self) -> Block:
        keep_freed_memory()  # as the trainer does
        module = self.module
        training = BareTraining(module.model, module.objective, module.optimizer_settings, module.steps)
        batches, ends = TimedBatches(self.data.train_dataloader()), []
        for _, batch in zip(range(self.steps + 1), batches, strict=False):
            training.step(batch)
            ends.append(time.perf_counter())
        return self._block(ends, batches)
