"""Claims: every quantitative sentence of the book, declared once and recomputed from the records.

A claim is a function of the records that returns an estimate, with the sentence it supports and the condition
on the estimate under which that sentence is true:

    @claim(id="style.fewer_violations", chapter="notebooks/05_style", unit="violations per 1,000 characters",
           sentence="Conditional training writes fewer violations than MLE.", holds=lambda e: e.high < 0)
    def _(records): ...
"""

from __future__ import annotations

import importlib.util
import math
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmstudy.errors import StudyError

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.runs.records import Record

Compute = Callable[[Sequence["Record"]], "Estimate"]


class NoRecordsError(StudyError):
    """The records a claim needs are not there (yet)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no records {what}")


@dataclass(frozen=True)
class Claim:
    """One sentence of the book: what it rests on, and when it is true.

    `expected=False` marks a hypothesis that the data did not bear out, reported as such; should it hold after
    all, its chapter is wrong, and that counts as a failure like any other.
    """

    id: str
    chapter: str
    unit: str
    sentence: str
    holds: Callable[[Estimate], bool]
    compute: Compute
    spec: str = ".3f"  # how its numbers are written
    expected: bool = True


@dataclass(frozen=True)
class ClaimResult:
    """A claim worked out on records. Without an estimate its numbers are NaN, n is 0, and `error` tells."""

    id: str
    chapter: str
    estimate: float
    low: float
    high: float
    n: int
    holds: bool
    sentence: str
    error: str | None
    unit: str
    spec: str
    expected: bool
    confidence: float

    @property
    def fails(self) -> bool:
        """Whether the book may not be published with this result."""
        return self.error is not None or self.holds != self.expected

    @property
    def outcome(self) -> str:
        """In a word or two, for tables."""
        if self.error is not None:
            return "no records" if self.error.startswith("no records") else "error"
        if self.holds:
            return "yes"
        return "no" if self.expected else "no, as reported"

    @property
    def problem(self) -> str:
        """Why it fails, in words."""
        if self.error is not None:
            return self.error
        return f"{'does not hold' if self.expected else 'holds, but is declared not to'}: {self.text()}"

    def text(self, variant: str = "full") -> str:
        """The numbers: "full" with unit and interval, or only the "value" or the "interval".

        Raises:
            StudyError: another variant.
        """
        from lmstudy.evaluation.statistics import Estimate

        numbers = Estimate(self.estimate, self.low, self.high, self.n, self.confidence)
        if variant == "value":
            return f"{self.estimate:{self.spec}}"
        if variant == "interval":
            return numbers.interval(self.spec)
        if variant == "full":
            return format(numbers, self.spec).replace(" (", f" {self.unit} (", 1)
        raise StudyError(f"claim {self.id}|{variant}: the variants are value and interval")


REGISTRY: dict[str, Claim] = {}


def claim(
    *,
    id: str,
    chapter: str,
    unit: str,
    sentence: str,
    holds: Callable[[Estimate], bool],
    spec: str = ".3f",
    expected: bool = True,
) -> Callable[[Compute], Compute]:
    """Declare a claim on the function below it, which takes the records and returns an `Estimate`.

    Raises:
        StudyError: an id that is taken, or that is not words joined by dots and underscores.
    """
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", id):
        raise StudyError(f"claim id {id!r}: it must be lower-case words with a dot, as in first.below_kneser_ney")

    def declare(compute: Compute) -> Compute:
        if id in REGISTRY:
            raise StudyError(f"claim {id}: declared twice, for {REGISTRY[id].chapter} and for {chapter}")
        REGISTRY[id] = Claim(id, chapter, unit, sentence, holds, compute, spec, expected)
        return compute

    return declare


def all_claims() -> list[Claim]:
    """Every claim declared in a chapter's `claims.py`, by id."""
    from lmstudy import chapters

    for chapter in pkgutil.iter_modules(chapters.__path__, f"{chapters.__name__}."):
        if importlib.util.find_spec(f"{chapter.name}.claims"):
            importlib.import_module(f"{chapter.name}.claims")
    return [REGISTRY[key] for key in sorted(REGISTRY)]


def evaluate_claims(records: Sequence[Record], claims: Iterable[Claim] | None = None) -> list[ClaimResult]:
    """Work out each claim given, or all that are declared; one whose records are missing does not hold."""
    return [_evaluate(c, records) for c in (all_claims() if claims is None else claims)]


def require(records: Iterable[Record], **conditions: Any) -> list[Record]:
    """`find`, for claims: at least one record, all of one numerics version.

    Raises:
        NoRecordsError: none matches.
        StudyError: their numerics versions differ.
    """
    from lmstudy.runs.records import check_same_numerics, find

    found = find(records, **conditions)
    if not found:
        wanted = ", ".join(f"{key}={value}" for key, value in conditions.items())
        raise NoRecordsError(f"with {wanted}")
    check_same_numerics(found)
    return found


def _evaluate(c: Claim, records: Sequence[Record]) -> ClaimResult:
    value = low = high = confidence = math.nan
    n, holds, error = 0, False, None
    try:
        e = c.compute(records)
        value, low, high, n, confidence = e.value, e.low, e.high, e.n, e.confidence
        holds = bool(c.holds(e))
    except StudyError as raised:
        error = str(raised)
    return ClaimResult(
        c.id, c.chapter, value, low, high, n, holds, c.sentence, error, c.unit, c.spec, c.expected, confidence
    )
