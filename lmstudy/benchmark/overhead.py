"""Workload `overhead`: what Lightning, logging and callbacks add to a training step. There is no peer."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Contest, Entry
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.train import comparable
from lmstudy.errors import StudyError

CONTENDERS = "lmstudy.benchmark.contenders.overhead"
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
    steps: int
    checkpoint_every: int

    def __post_init__(self) -> None:
        for key, least in (("steps", 2), ("checkpoint_every", 1)):
            if getattr(self, key) < least:
                raise StudyError(f"workload.{key}={getattr(self, key)} must be at least {least}")

    def run(self, bench: Bench) -> Result:
        """Headline: how much longer a step takes in the product, in percent."""
        from lmstudy.data.corpus import prepare

        corpus = prepare(bench.data)
        never = f"trainer.checkpoint_every={self.steps + 2}"
        given = {
            "overrides": [*self.overrides, f"trainer.threads={bench.threads}", never],
            "data": bench.data,
            "steps": self.steps,
        }
        entries = [Entry("product", f"{CONTENDERS}.Product", given), Entry("bare", f"{CONTENDERS}.Bare", given)]
        contest = bench.hold(entries, check=comparable)
        return ratios.result(contest, lines(contest, self.checkpoint_every), STEPS, corpus.fingerprint)


def lines(contest: Contest, checkpoint_every: int) -> list[Line]:
    """The overhead in percent, with its interval; then seconds a step, the wait for data, and checkpoints."""
    product, bare = contest.accounts["product"], contest.accounts["bare"]
    found = ratios.paired_ratio(bare.rates(), product.rates())  # rates are inverse to times
    value, low, high = (100 * (ratio - 1) for ratio in (found.value, found.low, found.high))
    sure = ratios.conclusive(found, Machine.of(contest.machine))
    shown = [Line("overhead", "%", None, "lmstudy", None, value, low, high, found.n, "lower", sure)]
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
