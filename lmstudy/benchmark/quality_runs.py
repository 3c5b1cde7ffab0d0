"""The runs of the workload `quality`: which there are, which exist, and how the missing ones come to be."""

import contextlib
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record, load

VALID = "valid/bits_per_byte"
"""Of all held-out documents in a record's metrics, of the first ones in its curves."""

FIXED = ("data", "experiment", "logger", "model", "optimizer", "runs", "seed", "budget.steps")
"""What overrides may not name: this workload sets it, or both sides have their own."""


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


def our_run(rows: int, steps: int, seed: int) -> Planned:
    """A run of this package; `rows` is what its budget says."""
    given = ("experiment=first_model", f"budget.steps={steps}", f"seed={seed}")
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
        """The resolved configuration of a run."""
        given = [*self.overrides, *overrides, "logger=csv", f"trainer.threads={self.threads}"]
        return compose_config("train", given) | {"data": self.data, "runs": self.folder}

    def find(self, planned: Planned) -> Record | None:
        """Its record, if it is finished."""
        from lmstudy.runs.pretraining import open_run

        path = open_run(self.config(planned.overrides)).record_path
        return load(path) if path.exists() else None

    def train(self, planned: Planned) -> Record:
        """Its record, after training where there is none."""
        from lmstudy.runs.pretraining import train

        with contextlib.redirect_stdout(sys.stderr):  # results alone go to stdout
            record = train(self.config(planned.overrides))
        return Record.from_json(record.to_json())  # rounded as in its file: the same now and the next time

    def command(self, planned: Planned) -> str:
        """The command line that trains it; a corpus other than the default has to be named as well."""
        return " ".join(["lmstudy-train", *self.overrides, *planned.overrides, f"runs={self.folder}"])
