"""Workload `quality`: how many times sooner a run here is as good as a tuned Hugging Face T5.

How good a run is after so many steps does not depend on how busy the machine is; how long a step takes does. So
the two are measured apart:

1. A contest takes seconds a step side by side: this package's step as a run of that length makes it (its precision;
   compiled if that pays, see `lmstudy.training.compilation.PAYS_FROM`; the experiment's optimiser), and T5's with
   transformers' own loss and AdamW, for every batch tried: eager, compiled, and compiled in bfloat16 where the
   processor has it. All are bare loops on packed rows; data loading, logging and evaluation are left out on both sides.
2. Screening picks the peer's batch and learning rate by bits per byte on all held-out documents, after equally
   many positions, not minutes: the lines tokens_per_second tell what a position costs in each batch. Batch and
   rate are varied alone, from the middle of the two lists.
3. The peer's final run has the best batch and the best rate, and a linear decay over its whole length. It learns in
   float32, and its time is its steps times the median seconds a step of its fastest form. It is one run with one seed,
   and the target.
4. Ours are runs of an experiment with several seeds and lengths. The shortest length whose mean bits
   per byte over seeds is at most the peer's counts; shorter ones that were not tried might do as well.

time_to_quality is the peer's minutes over ours. Seconds a step are compared within rounds, and the mean ratio
counts. Its interval takes 97.5 % for that ratio (see `lmstudy.evaluation.rounds`) and 97.5 % for the seeds: the low end
belongs to the shortest length whose whole interval over seeds is as good as the peer, the high end to the
shortest whose interval begins there; together they hold with at least 95 % (Bonferroni). An end without such a
length is unknown, and a target that was never reached has no ratio.

bits_per_byte_at_equal_minutes compares curves, on the first held-out documents. The peer's curve is that of its
final run, whose rate has not yet decayed by then: a shorter run of the peer would end lower.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt

from lmstudy.benchmark import ratios
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.quality_lines import VALID, Comparison, StepSeconds, comparable_but_for_rows, entries, run_sample
from lmstudy.benchmark.result import Bench, Result
from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import paired_ratio
from lmstudy.runs import pretraining
from lmstudy.runs.records import Record, load
from lmstudy.training.precision import resolved

TOLERANCE = 0.1
"""How far the peer's final run may be from the minutes asked for, as a share, before a note says so."""
FIXED = ("data", "experiment", "logger", "model", "optimizer", "runs", "seed", "budget.steps")
"""What overrides may not name: this workload sets it, or both sides have their own."""


@dataclass(frozen=True)
class Quality:
    """See the head of this module.

    Args:
        experiment: of `lmstudy-train`, with which this package trains.
        minutes: what the peer's final run should take; how far it is off is noted.
        peer_steps, peer_evaluate_every: length of that run, and steps between the points of its curve.
        rows, rates: batches and learning rates tried for the peer.
        screening_tokens: decoder positions of each run that tries them.
        steps, evaluate_every: lengths of our runs, and steps between the points of their curves.
        seeds: of each length.
        batches: different ones, on which seconds a step are taken.
        train: whether runs that do not exist are trained; otherwise they are an error that names the commands.
        overrides: of `lmstudy-train`, for all runs.
        runs: folder of the runs.
    """

    name: ClassVar[str] = "quality"

    experiment: str
    minutes: PositiveFloat
    peer_steps: PositiveInt
    peer_evaluate_every: PositiveInt
    rows: list[PositiveInt]
    rates: list[PositiveFloat]
    screening_tokens: PositiveInt
    steps: list[PositiveInt]
    evaluate_every: PositiveInt
    seeds: list[int]
    batches: PositiveInt
    train: bool
    overrides: list[str]
    runs: str

    def __post_init__(self) -> None:
        for key in ("rows", "rates", "steps", "seeds"):
            value = getattr(self, key)
            if not value or len(set(value)) < len(value):
                raise StudyError(f"workload.{key}={value} must hold at least one value, and none twice")
        if self.peer_steps % self.peer_evaluate_every:
            raise StudyError(
                f"workload.peer_steps={self.peer_steps} must be a multiple of "
                f"workload.peer_evaluate_every={self.peer_evaluate_every}: the curve ends with the run"
            )
        for steps in self.steps:
            if steps % self.evaluate_every:
                raise StudyError(
                    f"workload.steps={self.steps}: {steps} must be a multiple of "
                    f"workload.evaluate_every={self.evaluate_every}: the curve ends with the run"
                )

    def run(self, bench: Bench) -> Result:
        """Seconds a step, then the runs that are missing, then the lines."""
        runs = Runs(bench.data, self.overrides, self.runs, bench.threads)
        own = runs.config((f"experiment={self.experiment}",))
        screening = Screening(self.rows, self.rates, self.screening_tokens, own["budget"]["decoder_length"])
        plan = [*screening.plan().values(), *self._own(own["budget"]["rows"])]
        missing = self._missing(runs, screening, plan)
        if missing and not self.train:
            commands = "; ".join(map(runs.command, missing))
            raise StudyError(
                f"workload.train=false, and {len(missing)} runs are missing (the peer's final run is named when its "
                f"screening is complete): {commands}"
            )
        corpus = prepare(bench.data)
        contenders, ours, forms = entries(corpus, own, min(self.steps), self.rows, self.batches, bench.tell)
        bench.tell(
            f"quality: {len(contenders)} contenders show their seconds a step; "
            f"after that, runs to train: {len(missing) or 'none'}"
        )
        times = StepSeconds(bench.hold(contenders, check=comparable_but_for_rows), ours, forms)
        if missing:
            bench.tell(announcement(missing, times))
        records = {planned: runs.train(planned) for planned in plan}
        rows, rate = self._winner(screening, records)
        final = self._final(rows, rate)
        records[final] = runs.train(final)
        return self._result(runs, times, records, final, corpus.fingerprint, screening.edges(rows, rate))

    def _own(self, rows: int) -> list[Planned]:
        every = self.evaluate_every
        return [
            our_run(self.experiment, rows, steps, every, seed) for steps in sorted(self.steps) for seed in self.seeds
        ]

    def _final(self, rows: int, rate: float) -> Planned:
        return peer_run(f"hf_t5/final/rows_{rows}_lr_{rate:g}", rows, rate, self.peer_steps, self.peer_evaluate_every)

    def _winner(self, screening: Screening, records: Mapping[Planned, Record]) -> tuple[int, float]:
        return screening.winner({pair: records[each].metrics[VALID] for pair, each in screening.plan().items()})

    def _missing(self, runs: Runs, screening: Screening, plan: list[Planned]) -> list[Planned]:
        """What has to be trained, the peer's final run included.

        While screening has not settled its batch and rate, it stands there with the middle ones, for the time it
        takes; with `train=false` it is left out then, as its command is not known.
        """
        found = {planned: runs.find(planned) for planned in plan}
        missing = [planned for planned, record in found.items() if record is None]
        records = {planned: record for planned, record in found.items() if record is not None}
        if all(planned in records for planned in screening.plan().values()):
            final = self._final(*self._winner(screening, records))
            return missing if runs.find(final) else [*missing, final]
        return [*missing, self._final(*screening.middle)] if self.train else missing

    def _result(
        self,
        runs: Runs,
        times: StepSeconds,
        records: Mapping[Planned, Record],
        final: Planned,
        fingerprint: str,
        edges: list[str],
    ) -> Result:
        form = times.fastest(final.rows)
        step = paired_ratio(times.of(form), times.of(times.ours))
        comparison = Comparison(
            peer=records[final],
            peer_steps=final.steps,
            ours={
                steps: [record for planned, record in records.items()
                        if planned.side == "lmstudy" and planned.steps == steps]
                for steps in sorted(self.steps)
            },
            peer_seconds=times.of(form),
            our_seconds=times.of(times.ours),
            steady=ratios.conclusive(step, Machine.of(times.contest.machine)),
        )  # fmt: skip
        rates = [ratios.rate(times.contest, name, "tokens_per_second", "tokens/s") for name in times.contest.accounts]
        result = ratios.result(times.contest, [*comparison.lines(), *rates], "tokens_per_second", fingerprint)
        for planned, record in records.items():
            for key in (VALID, "train/loss"):
                if key in record.curves:
                    result.curves[f"{planned.name}/{key}"] = dict(record.curves[key])  # type: ignore[arg-type]
            minutes = seconds(planned, times) / 60
            result.samples.append(run_sample(planned.name, record, runs.command(planned), minutes))
        result.notes += self._notes(final, form, times, edges)
        return result

    def _notes(self, final: Planned, form: str, times: StepSeconds, edges: list[str]) -> list[str]:
        minutes = seconds(final, times) / 60
        notes = [f"the peer: {final.name}, {final.steps} steps as {form}, {minutes:.1f} min; ours as {times.ours}"]
        if abs(minutes - self.minutes) > TOLERANCE * self.minutes:
            steps = self.minutes / minutes * final.steps
            notes.append(f"workload.minutes={self.minutes:g} would take workload.peer_steps={steps:.0f} here")
        return notes + [f"{edge}, the end of its list; the peer may do better beyond" for edge in edges]


def seconds(planned: Planned, times: StepSeconds) -> float:
    """Seconds of a run's steps: median of a step, the peer in its fastest form."""
    name = times.ours if planned.side == "lmstudy" else times.fastest(planned.rows)
    return planned.steps * float(np.median(times.of(name)))


def announcement(missing: list[Planned], times: StepSeconds) -> str:
    """What will be trained, and how long it takes."""
    each = [f"{planned.name} ({planned.steps} steps, {seconds(planned, times) / 60:.1f} min)" for planned in missing]
    total = sum(seconds(planned, times) for planned in missing) / 60
    return f"quality trains {len(missing)} runs, about {total:.0f} min and evaluations: {', '.join(each)}"


@dataclass(frozen=True)
class Planned:
    """An ordinary run of `lmstudy-train`, before it is looked for.

    Attributes:
        name: what results call it.
        side: who trains, this package or its peer.
        rows, steps: its batch and length.
        overrides: beside those that all runs of the workload share.
    """

    name: str
    side: Literal["lmstudy", "hf_t5"]
    rows: int
    steps: int
    overrides: tuple[str, ...]


def peer_run(name: str, rows: int, rate: float, steps: int, evaluate_every: int) -> Planned:
    """A run of the peer."""
    given = ("experiment=peer_t5", f"budget.rows={rows}", f"budget.steps={steps}", f"optimizer.lr={rate}",
             f"budget.evaluate_every={evaluate_every}")  # fmt: skip
    return Planned(name, "hf_t5", rows, steps, given)


def our_run(experiment: str, rows: int, steps: int, evaluate_every: int, seed: int) -> Planned:
    """A run of this package; `rows` is what its budget says."""
    given = (f"experiment={experiment}", f"budget.steps={steps}", f"budget.evaluate_every={evaluate_every}",
             f"seed={seed}")  # fmt: skip
    return Planned(f"lmstudy/{steps}_steps/seed_{seed}", "lmstudy", rows, steps, given)


@dataclass(frozen=True)
class Screening:
    """Which batch and which rate suit the peer: each is varied alone, the other in the middle of its list.

    Raises:
        StudyError: `tokens` are no whole number of steps for one of the batches.
    """

    rows: Sequence[int]
    rates: Sequence[float]
    tokens: int
    decoder_length: int

    def __post_init__(self) -> None:
        for rows in self.rows:
            if self.tokens % (rows * self.decoder_length):
                raise StudyError(
                    f"workload.screening_tokens={self.tokens} must be a multiple of a batch's positions, "
                    f"{rows} rows of {self.decoder_length}"
                )

    @property
    def middle(self) -> tuple[int, float]:
        return self.rows[len(self.rows) // 2], self.rates[len(self.rates) // 2]

    def plan(self) -> dict[tuple[int, float], Planned]:
        """By rows and rate."""
        rows, rate = self.middle
        pairs = dict.fromkeys([*((each, rate) for each in self.rows), *((rows, each) for each in self.rates)])
        return {pair: self._run(*pair) for pair in pairs}

    def _run(self, rows: int, rate: float) -> Planned:
        steps = self.tokens // (rows * self.decoder_length)
        return peer_run(f"hf_t5/screening/rows_{rows}_lr_{rate:g}", rows, rate, steps, max(1, steps // 3))

    def winner(self, bits: Mapping[tuple[int, float], float]) -> tuple[int, float]:
        """The batch, then the rate, with the fewest bits per byte; the first of equals. NaN never wins."""

        def found(pair: tuple[int, float]) -> float:
            return math.inf if math.isnan(bits[pair]) else bits[pair]

        rows, rate = self.middle
        return min(self.rows, key=lambda each: found((each, rate))), min(
            self.rates, key=lambda each: found((rows, each))
        )

    def edges(self, rows: int, rate: float) -> list[str]:
        """What won at an end of its list, where a value beyond might have done better."""
        tried: list[tuple[str, float, Sequence[float]]] = [("rows", rows, self.rows), ("rates", rate, self.rates)]
        return [f"workload.{key}={list(values)}: {value:g} won" for key, value, values in tried
                if len(values) > 1 and value in (min(values), max(values))]  # fmt: skip


@dataclass(frozen=True)
class Runs:
    """Where the runs live, and what they share.

    Args:
        data: the `data` group.
        overrides: of `lmstudy-train`, for all runs.
        folder: of the runs.
        threads: of a training.
    """

    data: dict[str, Any]
    overrides: Sequence[str]
    folder: str
    threads: int

    def __post_init__(self) -> None:
        for override in self.overrides:
            key = override.partition("=")[0].lstrip("+~")
            if any(key == fixed or key.startswith(f"{fixed}.") for fixed in FIXED):
                raise StudyError(
                    f"workload.overrides: {override} cannot be set for all runs; "
                    f"it may name anything but {', '.join(FIXED)}"
                )

    def config(self, overrides: Sequence[str]) -> dict[str, Any]:
        """The resolved configuration of a run, its precision decided."""
        given = [*self.overrides, *overrides, "logger=csv", f"trainer.threads={self.threads}"]
        return resolved(compose_config("train", given) | {"data": self.data, "runs": self.folder})

    def find(self, planned: Planned) -> Record | None:
        """Its record, if it is finished."""
        path = pretraining.open_run(self.config(planned.overrides)).record_path
        return load(path) if path.exists() else None

    def train(self, planned: Planned) -> Record:
        """Its record, after training where there is none."""
        with contextlib.redirect_stdout(sys.stderr):  # results alone go to stdout
            record = pretraining.train(self.config(planned.overrides))
        return Record.from_json(record.to_json())  # rounded as in its file: the same now and the next time

    def command(self, planned: Planned) -> str:
        """The command line that trains it; a corpus other than the default has to be named as well."""
        return " ".join(["lmstudy-train", *self.overrides, *planned.overrides, f"runs={self.folder}"])
