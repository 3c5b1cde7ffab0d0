"""Published records made again in a fresh folder, and compared.

What a record rests on is made again first: the run that was measured, the one that a fine-tuning starts from. Training
is chaotic: rounding that differs from one processor to another grows, so numbers agree within tolerances, not exactly.

- counting and fitting without chance: to a thousandth
- bits per byte, and what else a trained model says of fixed text: to a hundredth
- what is sampled, or answered after a fine-tuning: to four standard errors, as texts suggest them. Another processor's
  rounding is at most another seed's luck, and seeds can differ by more than texts suggest. Where four errors are more
  than the number itself, nothing is compared
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmstudy.compose import compose_config, group_choices
from lmstudy.config import ROOTS
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.runs.identity import OPTIONAL
from lmstudy.runs.records import Record
from lmstudy.study.shelf import BASELINES, COMMANDS

MEASURED = ("likelihood", "capability", "code_length", "reading")
"""Measures that say something of fixed text."""
EXACT, CLOSE, ERRORS = 1e-3, 1e-2, 4.0

Maker = Callable[[Mapping[str, Any]], Record]


@dataclass(frozen=True)
class Compared:
    """A record beside the one made again.

    Args:
        record: published.
        again: None where it could not be made.
        numbers: how many were compared.
        worst: the name of the one that is farthest off, with both values.
        share: how much of its tolerance that one takes; above 1 is a mismatch.
        problem: why nothing could be compared.
    """

    record: Record
    again: Record | None
    numbers: int = 0
    worst: tuple[str, float, float] = ("", math.nan, math.nan)
    share: float = math.nan
    problem: str | None = None

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.problem is not None:
            return "not verified"
        return "agrees" if self.share <= 1 else "differs"


class Workshop:
    """Makes records again.

    Args:
        published: all records, among which those are that others rest on.
        runs: a folder for what is made.
    """

    def __init__(self, published: Sequence[Record], runs: str) -> None:
        self.published = {record.id: record for record in published}
        self.runs = runs

    def again(self, record: Record) -> Record:
        """The record, made anew with all that it rests on.

        Raises:
            StudyError: what it rests on is not published, it is of a kind that cannot be made again, its data cannot
                be had any more, or what is made today is another run.
        """
        made = self._made(record)
        if made.id != record.id:
            raise StudyError(
                f"{record.name}: made today it is {made.id} and not {record.id}: its data or a setting differs"
            )
        return made

    def _made(self, record: Record) -> Record:
        config: dict[str, Any] = json.loads(json.dumps(record.config))
        makers = dict(COMMANDS.values())
        if record.kind in makers:
            for needed in (config.get("start"), config.get("run"), (config.get("scorer") or {}).get("run")):
                if needed is not None:
                    self.again(self._rested_on(needed))
            newer = {key: None for key in OPTIONAL if key in _keys_of(record.kind) and key not in config}
            return _maker(makers[record.kind])({**newer, **config, "runs": self.runs, "logger": {"names": ["csv"]}})
        if record.kind == "evaluation":
            self.again(self._rested_on(config["run"]["id"]))
            return _maker("lmstudy.measures.evaluate:evaluate")(self._measurement(config))
        for of, (kind, module, maker) in BASELINES.items():
            if kind == record.kind:
                own = {key: value for key, value in config.pop("baseline").items() if key not in ("name", "split")}
                common = compose_config("baseline", [f"of={of}"])
                return _maker(f"{module}:{maker}")({**common, **own, **config, "runs": self.runs})
        raise StudyError(f"{record.name}: a record of kind {record.kind!r} tells of a machine and is not made again")

    def _measurement(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What `lmstudy-evaluate` was told, from what the record keeps of it."""
        measure = dict(config["measure"])
        name, split, documents = (measure.pop(key) for key in ("name", "split", "documents"))
        teachers = measure.get("teacher", [])
        for teacher in [teachers] if isinstance(teachers, str) else teachers:
            self.again(self._rested_on(teacher))
        for choice in group_choices("measure"):
            composed = compose_config("evaluate", ["run=any", f"measure={choice}"])
            target: str = composed["measure"]["_target_"]
            module, _, kind = target.rpartition(".")
            if getattr(importlib.import_module(module), kind).name == name:
                own = {**composed["measure"], **measure}
                return {
                    **composed, "run": config["run"]["id"], "runs": self.runs, "measure": own, "split": split,
                    "documents": documents, "data": config["data"],
                }  # fmt: skip
        raise StudyError(f"measure {name!r} is none of today's")

    def _rested_on(self, name: str) -> Record:
        fitting = [record for key, record in self.published.items() if key.startswith(name) or record.name == name]
        if len(fitting) != 1:
            raise StudyError(f"{name}, on which it rests, is not published" if not fitting else f"{name} is several")
        return fitting[0]


def _keys_of(kind: str) -> set[str]:
    """Keys of the configuration of a kind of run; those that are newer than a record stand for nothing in it."""
    (command,) = {name for name, (own, _) in COMMANDS.items() if own == kind}
    return set(ROOTS[command].model_fields)


def _maker(place: str) -> Maker:
    module, _, name = place.partition(":")
    found: Maker = getattr(importlib.import_module(module), name)
    return found


def compared(record: Record, again: Record) -> Compared:
    """A record's groups, which claims are computed from, beside those made again; its metrics where it has none."""
    if record.groups:
        pairs = {key: _ratios(record.groups[key], again.groups.get(key)) for key in record.groups}
    else:
        pairs = {key: (value, again.metrics.get(key, math.nan), 0.0) for key, value in record.metrics.items()}
    shares = {
        key: _share(record, first, second, error)
        for key, (first, second, error) in pairs.items()
        if not (math.isnan(first) and math.isnan(second)) and not ERRORS * error > max(abs(first), abs(second))
    }
    if not shares:
        return Compared(record, again, problem="it holds no numbers to compare, or too few events behind them")
    worst = max(shares, key=lambda key: (math.isnan(shares[key]), shares[key]))
    share = math.inf if math.isnan(shares[worst]) else shares[worst]
    return Compared(record, again, len(shares), (worst, *pairs[worst][:2]), share)


def _ratios(first: Any, second: Any) -> tuple[float, float, float]:
    """Both ratios of sums, and the standard error of their difference as texts suggest it."""
    values: list[float] = []
    errors: list[float] = []
    for groups in (first, second):
        table = np.array([groups if groups else [[0.0, 0.0]]], dtype=float)
        if table[..., 1].sum() <= 0:
            return (math.nan, math.nan, 0.0) if groups is first else (values[0], math.nan, 0.0)
        e = ratio_of_sums_bootstrap(table)
        values.append(e.value)
        errors.append(0.0 if math.isnan(e.low) else (e.high - e.low) / 2 / 1.96)
    return values[0], values[1], math.hypot(*errors)


def _share(record: Record, first: float, second: float, error: float) -> float:
    """How much of its tolerance a difference takes."""
    kinds = {kind for kind, _, _ in BASELINES.values()}
    size = max(abs(first), 1e-9)
    if record.kind in kinds:
        tolerance = EXACT * size
    elif record.kind == "train" or (record.kind == "evaluation" and _measure_of(record) in MEASURED):
        tolerance = CLOSE * size
    else:
        tolerance = max(ERRORS * error, CLOSE * size)
    return abs(first - second) / tolerance


def _measure_of(record: Record) -> str:
    measure: Any = record.config["measure"]
    return str(measure["name"])
