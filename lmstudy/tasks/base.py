"""What a task is: a text to read, a text to write, and a judgement of what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.corpus import prepare, to_stderr
from lmstudy.data.documents import Progress
from lmstudy.data.segments import segmented
from lmstudy.data.splits import unit_hash
from lmstudy.errors import StudyError

PARTS = 32
"""Groups of examples or texts whose sums a record keeps; an example is in the same one whatever model answers it."""
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Example:
    """A question and its answer."""

    id: str
    source: str
    """What the encoder reads."""
    target: str
    """What the decoder should write: of a classification, the label."""

    @property
    def part(self) -> int:
        """Number of its group, 0 to `PARTS` - 1, by a hash of its id."""
        return unit_hash("part", self.id) % PARTS


Examples = dict[str, list[Example]]
"""By split."""


@dataclass
class Judgement:
    """How good answers are."""

    metrics: dict[str, float]
    rows: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """[examples, 2] numerator and denominator of each example, such as [right, 1]; intervals are made of them."""

    def groups(self, examples: Sequence[Example]) -> dict[str, list[list[float]]]:
        """[PARTS][2] sums of the rows of each part."""
        parts = np.array([example.part for example in examples], dtype=np.int64)
        return {name: in_parts(rows, parts) for name, rows in self.rows.items()}


def in_parts(rows: NDArray[np.float64], parts: NDArray[np.int64]) -> list[list[float]]:
    """[PARTS][2] sums of the rows [n, 2] of each part."""
    sums = np.zeros((PARTS, 2))
    np.add.at(sums, parts, rows.reshape(-1, 2))
    return [[float(f"{top:.6g}"), float(size)] for top, size in sums]


@dataclass(frozen=True)
class Answered:
    """Answers to examples, and how good they are."""

    answers: list[str]
    judgement: Judgement


class Task(Protocol):
    """A task. A new one is a class with these and one YAML in `conf/task`."""

    name: str
    main: ClassVar[str]
    """The metric by which runs are compared; higher is better, and `rows` has it by example."""
    labels: tuple[str, ...]
    """All that can be answered, in order; empty where answers are free text."""
    protected: ClassVar[re.Pattern[str] | None]
    """What stands in a source for something else and must be kept: each is one token, and is written as it was."""
    extractive: ClassVar[bool]
    """Whether answers stand in their sources, where a head can point at them."""

    @property
    def data(self) -> dict[str, Any] | None:
        """`data` configuration of the corpus that the examples are from, if they are of one."""
        ...

    def examples(self, cache: Path | None = None, progress: Progress = to_stderr) -> Examples:
        """Examples of each of `SPLITS`, in an order that their ids alone decide.

        Raises:
            StudyError: the data cannot be had, or a split has no example.
        """
        ...

    def judge(self, examples: Sequence[Example], answers: Sequence[str]) -> Judgement:
        """How good free answers are."""
        ...


def in_order(examples: Examples) -> Examples:
    """Splits in the order of their ids' hashes, so that the first n are a random sample and always the same.

    Raises:
        StudyError: a split without examples.
    """
    for split in SPLITS:
        if not examples.get(split):
            raise StudyError(f"task: there is no example in the split {split!r}")
    return {split: sorted(examples[split], key=lambda one: unit_hash("order", one.id)) for split in SPLITS}


class Pairs:
    """Common to tasks from the first segment of a pair, which is read, to the second, which is written.

    Args:
        pairs: `data` configuration of pairs.
    """

    labels: tuple[str, ...] = ()
    protected: ClassVar[re.Pattern[str] | None] = None
    extractive: ClassVar[bool] = False

    def __init__(self, pairs: dict[str, Any]) -> None:
        self.pairs = pairs

    @property
    def data(self) -> dict[str, Any]:
        return self.pairs

    def examples(self, cache: Path | None = None, progress: Progress = to_stderr) -> Examples:
        """Documents of two segments; one with another number of them is a StudyError."""
        corpus = prepare(self.pairs, cache, progress)
        found: Examples = {split: [] for split in SPLITS}
        for split in corpus.splits.keys() & found.keys():
            rows = corpus.splits[split]
            documents = chain.from_iterable(segmented(rows, corpus.tokenizer))
            for name, segments in zip(rows["id"], documents, strict=True):
                if len(segments) != 2:
                    raise StudyError(f"task.pairs: {name} has {len(segments)} segments, a pair has two")
                found[split].append(Example(name, *segments))
        return in_order(found)


def means(columns: dict[str, NDArray[np.float64]]) -> Judgement:
    """Each column's mean as a metric, and its values by example."""
    ones = {name: np.ones(len(values)) for name, values in columns.items()}
    return Judgement(
        {name: float(values.mean()) for name, values in columns.items()},
        {name: np.stack([values, ones[name]], 1) for name, values in columns.items()},
    )
