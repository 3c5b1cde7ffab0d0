"""The register: predictions, written down and committed before the runs that decide them.

Each file of `book/register` is a batch of predictions, made at one time:

    registered: "2026-11-30T20:00:00Z"
    predictions:
      - id: recipe.smear
        sentence: A model whose positions see the embedding before their own needs fewer bits per byte.
        chapter: notebooks/03_speed
        statistic: more_bits
        first: {train: [experiment=encoder_decoder, budget=brief, model=transformer]}
        second: {train: [experiment=encoder_decoder, budget=brief, model=transformer_smear]}
        seeds: [11, 12, 13, 14, 15]
        split: test
        unit: bits per byte
        above: 0
        why: What made us think so.

A prediction is never changed; another may supersede it. `lmstudy-register --confirm` works one out, once, when its runs
are there. A claim of the book refers to it by its hash (`lmstudy.study.claims.confirm`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from lmstudy.errors import StudyError
from lmstudy.evaluation.multiplicity import p_value
from lmstudy.evaluation.statistics import Estimate, paired_ratio_of_means, seed_interval
from lmstudy.runs.records import Record, Time, published_folder
from lmstudy.study.estimates import common_seeds, group_counts, more, more_bits, more_paired, times, trend
from lmstudy.study.registered_arm import Arm, Words
from lmstudy.study.shelf import NoRecordsError, Shelf
from lmstudy.study.verdicts import FEWEST, Region

Statistic = Callable[[Sequence[Record], Sequence[Record], str], Estimate]


def _more_bits(first: Sequence[Record], second: Sequence[Record], key: str) -> Estimate:
    """Bits per byte of the first arm minus those of the second, paired by seed and group of documents."""
    one, other = common_seeds(first, second)
    return more_bits(one, other, key)


def _times_bits(first: Sequence[Record], second: Sequence[Record], key: str) -> Estimate:
    """Bits per byte of the first arm divided by those of the second, paired by seed and group of documents."""
    one, other = common_seeds(first, second)
    return paired_ratio_of_means(group_counts(one, key), group_counts(other, key), same_groups=True)


def _bits(first: Sequence[Record], second: Sequence[Record], key: str) -> Estimate:
    """Bits per byte of one arm on these very documents, over seeds alone: for what is predicted of them."""
    bits, size = group_counts(first, key).sum(axis=1).T
    return seed_interval(bits / size)


STATISTICS: dict[str, Statistic] = {
    "bits": _bits,
    "more_bits": _more_bits,
    "times_bits": _times_bits,
    "more": more,
    "more_paired": more_paired,
    "times": times,
}
"""What a prediction of two arms can be about, by name; the key is a split or another group of a record."""
TREND = "trend"
"""The factor by which `times` changes per doubling of the arithmetic, over `then`."""
GRADED = "own grader"
"""The group of a record that its own grader judged, where each seed has one."""
ALONE = ("bits",)
"""Those of a first arm alone."""
RATIOS = ("times", "times_bits", TREND)
"""Those whose interval is symmetrical on the scale of logarithms."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Rung:
    """The same comparison with more arithmetic.

    Args:
        first, second: as of the prediction.
        doublings: of the arithmetic, from the prediction's own arms to these.
    """

    first: Arm
    second: Arm
    doublings: Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Prediction:
    """One hypothesis: what is compared, by how many trainings, on what, and when it counts as borne out.

    Args:
        id: words joined by dots and underscores, unique in the register.
        sentence: the hypothesis, as the book will say it.
        chapter: its page; the predictions of a page are a family, which is corrected together.
        statistic: a name of `STATISTICS`, or `TREND`.
        first, second: what is compared, in the statistic's order; no second where the statistic is of one arm.
        seeds: of every arm, at least three.
        split: of the held-out text that decides.
        unit: of the number, in words.
        above, below: borders of the region where the truth is said to lie; with both, the margins of no difference.
        why: what made us think so, and what was seen before.
        key: of the groups that are compared; null: the split.
        keys: in its place one for each seed, in order, where every seed is judged by a grader of its own: the interval
            over seeds then holds what graders differ by, too.
        then: further rungs of a trend, whose lowest is `first` and `second`.
        supersedes: the hash of a prediction in whose place this one stands, and the text says why; null: none.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")]
    sentence: Words
    chapter: Words
    statistic: Words
    first: Arm
    seeds: Annotated[list[int], Field(min_length=FEWEST)]
    split: Literal["valid", "valid_files", "test"]
    unit: Words
    why: Words
    second: Arm | None = None
    above: float | None = None
    below: float | None = None
    key: str | None = None
    keys: list[Words] | None = None
    then: list[Rung] | None = None
    supersedes: str | None = None

    def __post_init__(self) -> None:
        if self.statistic not in (*STATISTICS, TREND):
            raise ValueError(f"statistic={self.statistic} is not one of {sorted([*STATISTICS, TREND])}")
        if bool(self.then) != (self.statistic == TREND):
            raise ValueError(f"then: {TREND} needs a list of further rungs, and nothing else has one")
        if self.then and self.keys:
            raise ValueError(f"keys={self.keys}: a trend is judged by one key")
        if self.above is None and self.below is None:
            raise ValueError("above or below is missing: where the truth is said to lie")
        borders = [border for border in (self.above, self.below) if border is not None]
        if not all(map(math.isfinite, borders)):
            raise ValueError(f"above and below must be finite, not {borders}")
        if self.statistic in RATIOS and min(borders) <= 0:
            raise ValueError(f"{self.statistic} is a ratio: its borders must be above 0, not {borders}")
        if len(borders) == 2 and borders[0] >= borders[1]:
            raise ValueError(f"above={self.above} and below={self.below} leave nothing between them")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds={self.seeds} names one twice")
        if self.keys is not None and (self.key is not None or len(self.keys) != len(self.seeds)):
            raise ValueError(f"keys={self.keys} must name one for each of {len(self.seeds)} seeds, in the place of key")
        if self.first == self.second:
            raise ValueError("first and second are the same arm")
        if (self.second is None) != (self.statistic in ALONE):
            wants = "is of one arm: leave second out" if self.second else "compares two arms: second is missing"
            raise ValueError(f"{self.statistic} {wants}")

    @property
    def hash(self) -> str:
        """Of all that it says; twelve hexadecimal digits. Keys that are null count as not there."""
        said = {key: value for key, value in self.content.items() if value is not None}
        written = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(written.encode()).hexdigest()[:12]

    @property
    def content(self) -> dict[str, Any]:
        """As records keep it. An arm that nothing was made of has no `dpo`: it had none when the first were kept."""

        def without(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
            return {key: value for key, value in pairs if (key, value) != ("dpo", None)}

        return asdict(self, dict_factory=without)

    @property
    def arms(self) -> dict[str, Arm]:
        """By name, in the statistic's order; those of further rungs as "then.0.first"."""
        found = {"first": self.first} | ({"second": self.second} if self.second else {})
        for number, rung in enumerate(self.then or []):
            found |= {f"then.{number}.first": rung.first, f"then.{number}.second": rung.second}
        return found

    @property
    def region(self) -> Region:
        """Where the truth is said to lie."""
        return Region(-math.inf if self.above is None else self.above, math.inf if self.below is None else self.below)

    def p_value(self, e: Estimate) -> float:
        """Two-sided, of the truth lying on the nearest border of the region: .05 where the 95 % interval touches it."""
        borders = [border for border in (self.above, self.below) if border is not None]
        if e.low == e.high:  # as where nothing was counted on either side
            return 1.0
        if self.statistic in RATIOS:
            value, low, high = (math.log(x) for x in (e.value, e.low, e.high))
            e = Estimate(value, low, high, e.n, e.confidence, e.df)
            borders = [math.log(border) for border in borders]
        return max(p_value(e.minus(border)) for border in borders)

    def trained(self, shelf: Shelf) -> list[Record]:
        """The runs of all arms, of every seed.

        Raises:
            NoRecordsError: one is missing, and the shelf makes none.
            StudyError: an arm composes to something else than it did when it was registered.
        """
        for name, arm in self.arms.items():
            if (key := arm.changed) is not None:
                raise StudyError(
                    f"prediction {self.id}: {name}.{key}={getattr(arm, key)} composes to another configuration today "
                    "than when it was registered: a default has changed; add overrides that bring it back, in a "
                    "prediction that supersedes this one"
                )
        return [run for arm in self.arms.values() for run in arm.runs(shelf, self.seeds)]

    def compute(self, shelf: Shelf) -> Estimate:
        """The estimate from the records of a shelf; raises as `trained`."""
        runs, each = self.trained(shelf), len(self.seeds)
        measured = [
            self._measured(shelf, arm, runs[number * each :][:each]) for number, arm in enumerate(self.arms.values())
        ]
        if self.then:
            doublings = [0.0, *(rung.doublings for rung in self.then)]
            return trend(list(zip(measured[::2], measured[1::2], strict=True)), doublings, self.key or self.split)
        first, second = measured[0], measured[1] if self.second else []
        if self.keys is None:
            return STATISTICS[self.statistic](first, second, self.key or self.split)
        own = dict(zip(self.seeds, self.keys, strict=True))
        one, other = ([_graded(record, own[int(record.seed or 0)]) for record in arm] for arm in (first, second))
        return STATISTICS[self.statistic](one, other, GRADED)

    def _measured(self, shelf: Shelf, arm: Arm, runs: list[Record]) -> list[Record]:
        found = shelf.measured(runs, *arm.measure, f"split={self.split}")
        if missing := {run.seed for run in runs} - {record.seed for record in found}:
            seeds = ", ".join(map(str, sorted(missing, key=str)))
            raise NoRecordsError(f"of {' '.join(arm.measure)} split={self.split} for seeds {seeds}")
        return found


def _graded(record: Record, key: str) -> Record:
    if key not in record.groups:
        raise StudyError(f"keys: {record.name} has no group {key!r}; it has {', '.join(record.groups) or 'none'}")
    return replace(record, groups={GRADED: record.groups[key]})


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Batch:
    """Predictions of one time."""

    registered: Time
    predictions: Annotated[list[Prediction], Field(min_length=1)]


@dataclass(frozen=True)
class Entry:
    """A prediction in the register.

    Args:
        prediction: as it was written down.
        registered: when, in UTC.
        batch: the name of its file, without the suffix.
    """

    prediction: Prediction
    registered: str
    batch: str

    def older_than(self, records: Sequence[Record]) -> bool:
        """Whether it was written down before the first of these began."""
        written = datetime.fromisoformat(self.registered)
        return all(written < datetime.fromisoformat(record.started) for record in records)


_BATCH = TypeAdapter(Batch)


def folder() -> Path:
    """`book/register`, beside the published records."""
    return published_folder().parent / "register"


def read_batch(text: str, source: str) -> Batch:
    """A batch from its YAML.

    Raises:
        StudyError: it is no batch; names `source`, the key, and what would be right.
    """
    try:
        return _BATCH.validate_python(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise StudyError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(map(str, found["loc"])) or "the file"
        raise StudyError(f"{source}: {where}: {found['msg']} (found {str(found['input'])[:80]!r})") from error


def read(place: Path | None = None) -> dict[str, Entry]:
    """All predictions of the register by their hashes, in the order in which they were written down.

    Args:
        place: the folder; None: that of the book. One that is not there holds none.

    Raises:
        StudyError: a file is no batch, or an id stands twice without one superseding the other.
    """
    return joined(batches(place))


def batches(place: Path | None = None) -> list[tuple[Batch, str]]:
    """All batches with their names; arguments and errors as of `read`."""
    found = []
    for path in sorted((place or folder()).glob("*.yaml")):
        try:
            found.append((read_batch(path.read_text(encoding="utf-8"), path.name), path.stem))
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"{path.name}: cannot be read: {error}") from error
    return found


def joined(batches: Sequence[tuple[Batch, str]]) -> dict[str, Entry]:
    """All predictions of batches with their names, by their hashes, in the order in which they were written down.

    Raises:
        StudyError: an id stands twice without the later superseding the newest before it.
    """
    found: dict[str, Entry] = {}
    for batch, name in sorted(batches, key=lambda pair: pair[0].registered):
        for one in batch.predictions:
            earlier = [key for key, entry in found.items() if entry.prediction.id == one.id]
            newest = earlier[-1] if earlier else None
            if one.supersedes != newest:
                problem = f"supersedes {one.supersedes}, and there is no prediction of its id before it"
                if newest is not None:
                    problem = (
                        "is in the register already: a prediction is never changed; one that takes its place says "
                        f"supersedes: {newest}"
                    )
                raise StudyError(f"{name}: prediction {one.id} {problem}")
            found[one.hash] = Entry(one, batch.registered, name)
    return found
