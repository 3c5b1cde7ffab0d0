"""Workload `quality`: how many times sooner a run here is as good as a tuned Hugging Face T5.

How good a run is after so many steps does not depend on how busy the machine is; how long a step takes does. So
the two are measured apart:

1. A contest takes seconds a step side by side: this package's step (compiled where there is a compiler, with the
   optimiser of experiment=first_model), and T5's with transformers' own loss and AdamW, eager and compiled, for
   every batch tried. All are bare loops on packed rows; data loading, logging and evaluation are left out on
   both sides.
2. Screening picks the peer's batch and learning rate by bits per byte on all held-out documents, after equally
   many positions, not minutes: the lines tokens_per_second tell what a position costs in each batch. Batch and
   rate are varied alone, from the middle of the two lists.
3. The peer's final run has the best batch and the best rate, and a linear decay over its whole length. Its time
   is its steps times the median seconds a step of its faster form. It is one run with one seed, and the target.
4. Ours are runs of experiment=first_model with several seeds and lengths. The shortest length whose mean bits
   per byte over seeds is at most the peer's counts; shorter ones that were not tried might do as well.

time_to_quality is the peer's minutes over ours. Seconds a step are compared within rounds, and the median ratio
counts. Its interval takes 97.5 % for that ratio (a bootstrap over rounds) and 97.5 % for the seeds: the low end
belongs to the shortest length whose whole interval over seeds is as good as the peer, the high end to the
shortest whose interval begins there; together they hold with at least 95 % (Bonferroni). An end without such a
length is unknown, and a target that was never reached has no ratio.

bits_per_byte_at_equal_minutes compares curves, on the first held-out documents. The peer's curve is that of its
final run, whose rate has not yet decayed by then: a shorter run of the peer would end lower.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lmstudy.benchmark import ratios
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.quality_lines import Comparison, run_sample
from lmstudy.benchmark.quality_runs import VALID, Planned, Runs, Screening, our_run, peer_run
from lmstudy.benchmark.result import Bench, Result
from lmstudy.benchmark.step_seconds import StepSeconds, comparable_but_for_rows, entries
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record

TOLERANCE = 0.1
"""How far the peer's final run may be from the minutes asked for, as a share, before a note says so."""


@dataclass(frozen=True)
class Quality:
    """See the head of this module.

    Args:
        minutes: what the peer's final run should take; how far it is off is noted.
        peer_steps, peer_evaluate_every: length of that run, and steps between the points of its curve.
        rows, rates: batches and learning rates tried for the peer.
        screening_tokens: decoder positions of each run that tries them.
        steps: lengths of our runs.
        seeds: of each length.
        batches: different ones, on which seconds a step are taken.
        train: whether runs that do not exist are trained; otherwise they are an error that names the commands.
        overrides: of `lmstudy-train`, for all runs.
        runs: folder of the runs.
    """

    name: ClassVar[str] = "quality"

    minutes: float
    peer_steps: int
    peer_evaluate_every: int
    rows: list[int]
    rates: list[float]
    screening_tokens: int
    steps: list[int]
    seeds: list[int]
    batches: int
    train: bool
    overrides: list[str]
    runs: str

    def __post_init__(self) -> None:
        for key in ("minutes", "peer_steps", "peer_evaluate_every", "rows", "rates", "screening_tokens", "steps",
                    "batches"):  # fmt: skip
            value = getattr(self, key)
            if not value or any(each <= 0 for each in (value if isinstance(value, list) else [value])):
                raise StudyError(f"workload.{key}={value} must be positive")
        for key in ("rows", "rates", "steps", "seeds"):
            value = getattr(self, key)
            if not value or len(set(value)) < len(value):
                raise StudyError(f"workload.{key}={value} must hold at least one value, and none twice")
        if self.peer_steps % self.peer_evaluate_every:
            raise StudyError(
                f"workload.peer_steps={self.peer_steps} must be a multiple of "
                f"workload.peer_evaluate_every={self.peer_evaluate_every}: the curve ends with the run"
            )

    def run(self, bench: Bench) -> Result:
        """Seconds a step, then the runs that are missing, then the lines."""
        from lmstudy.data.corpus import prepare

        runs = Runs(bench.data, self.overrides, self.runs, bench.threads)
        own = runs.config(("experiment=first_model",))
        self._check_curves(own["budget"])
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
        contenders, ours, forms = entries(corpus, own, self.rows, self.batches, bench.tell)
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

    def _check_curves(self, budget: Mapping[str, Any]) -> None:
        for steps in self.steps:
            if steps % min(budget["evaluate_every"], steps):
                raise StudyError(
                    f"workload.steps={self.steps}: {steps} must be a multiple of "
                    f"budget.evaluate_every={budget['evaluate_every']}: the curve ends with the run"
                )

    def _own(self, rows: int) -> list[Planned]:
        return [our_run(rows, steps, seed) for steps in sorted(self.steps) for seed in self.seeds]

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
        form = times.faster(final.rows)
        step = ratios.paired_ratio(times.of(form), times.of(times.ours))
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
            crosses = comparison.crossing_minutes(record) if planned.side == "lmstudy" else None
            minutes = seconds(planned, times) / 60
            result.samples.append(run_sample(planned.name, record, runs.command(planned), minutes, crosses))
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
    """Seconds of a run's steps: median of a step, the peer in its faster form."""
    name = times.ours if planned.side == "lmstudy" else times.faster(planned.rows)
    return planned.steps * float(np.median(times.of(name)))


def announcement(missing: list[Planned], times: StepSeconds) -> str:
    """What will be trained, and how long it takes."""
    each = [f"{planned.name} ({planned.steps} steps, {seconds(planned, times) / 60:.1f} min)" for planned in missing]
    total = sum(seconds(planned, times) for planned in missing) / 60
    return f"quality trains {len(missing)} runs, about {total:.0f} min and evaluations: {', '.join(each)}"
