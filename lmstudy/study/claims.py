"""Claims: every quantitative sentence of the book, declared once and recomputed from the records.

A claim is a sentence, an id, a function of the records that returns an estimate, and the condition on the estimate
under which the sentence is true. Each chapter declares its own in `lmstudy/chapters/TOPIC/claims.py`, one line a claim:

    fold = partial(claim, chapter="notebooks/14_results", unit="times fewer")
    fold("Conditional training writes fewer violations than MLE.", "pep8.conditional_vs_mle", better("pep8"), above(1))
"""

from __future__ import annotations

import importlib.util
import math
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmstudy.errors import StudyError
from lmstudy.study.shelf import Shelf

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.runs.records import Record

Compute = Callable[[Shelf], "Estimate"]


@dataclass(frozen=True)
class Condition:
    """What must be so of an estimate for a sentence to be true."""

    words: str
    """As in "the interval lies above 1"."""
    test: Callable[[Estimate], bool] = field(repr=False)

    def __call__(self, e: Estimate) -> bool:
        return bool(self.test(e))


def above(x: float) -> Condition:
    """The whole interval lies above x."""
    return Condition(f"the interval lies above {x:g}", lambda e: e.low > x)


def below(x: float) -> Condition:
    """The whole interval lies below x."""
    return Condition(f"the interval lies below {x:g}", lambda e: e.high < x)


def between(low: float, high: float) -> Condition:
    """The whole interval lies from `low` to `high`; an end may be infinite."""
    return Condition(f"the interval lies from {low:g} to {high:g}", lambda e: low <= e.low and e.high <= high)


def around(x: float) -> Condition:
    """The interval holds x: the estimate cannot be told from it."""
    return Condition(f"the interval holds {x:g}", lambda e: e.low <= x <= e.high)


def not_above(x: float) -> Condition:
    """It is not shown that the truth lies above x."""
    return Condition(f"the interval does not lie above {x:g}", lambda e: e.low <= x)


def not_below(x: float) -> Condition:
    """It is not shown that the truth lies below x."""
    return Condition(f"the interval does not lie below {x:g}", lambda e: e.high > x)


def value_above(x: float) -> Condition:
    """The estimate itself lies above x, whatever its interval."""
    return Condition(f"the estimate lies above {x:g}", lambda e: e.value > x)


def value_below(x: float) -> Condition:
    """The estimate itself is at most x, whatever its interval."""
    return Condition(f"the estimate is at most {x:g}", lambda e: e.value <= x)


@dataclass(frozen=True)
class Claim:
    """One sentence of the book: what it rests on, and when it is true.

    Args:
        sentence: what the book says.
        id: words joined by dots and underscores, as in "first.below_kneser_ney".
        compute: of a shelf of records, which makes none.
        holds: when the sentence is true.
        chapter: its page, such as "notebooks/14_results".
        unit: of the estimate, in words.
        signed: whether its numbers are written with a plus, as differences are.
        expected: False marks a hypothesis that the data did not bear out, reported as such; should it hold after all,
            its chapter is wrong, and that counts as a failure like any other.
    """

    sentence: str
    id: str
    compute: Compute = field(repr=False)
    holds: Condition
    chapter: str
    unit: str
    signed: bool = False
    expected: bool = True


@dataclass(frozen=True)
class ClaimResult:
    """A claim worked out on records. Without an estimate its numbers are NaN, n is 0, and `error` tells."""

    claim: Claim
    estimate: Estimate
    holds: bool
    error: str | None

    @property
    def id(self) -> str:
        return self.claim.id

    @property
    def fails(self) -> bool:
        """Whether the book may not be published with this result."""
        return self.error is not None or self.holds != self.claim.expected

    @property
    def outcome(self) -> str:
        """In a word or two, for tables."""
        if self.error is not None:
            return "no records" if self.error.startswith("no records") else "error"
        if self.holds:
            return "yes"
        return "no" if self.claim.expected else "no, as reported"


REGISTRY: dict[str, Claim] = {}


def claim(sentence: str, id: str, compute: Compute, holds: Condition, **others: Any) -> None:
    """Declare a `Claim`, given by its fields; `compute` raises NoRecordsError where records are missing.

    Raises:
        StudyError: an id that is taken, or that is not words joined by dots and underscores.
    """
    found = Claim(sentence, id, compute, holds, **others)
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", id):
        raise StudyError(f"claim id {id!r}: it must be lower-case words with a dot, as in first.below_kneser_ney")
    if id in REGISTRY:
        raise StudyError(f"claim {id}: declared twice, for {REGISTRY[id].chapter} and for {found.chapter}")
    REGISTRY[id] = found


def all_claims() -> list[Claim]:
    """Every claim declared in a chapter's `claims.py`, by id."""
    from lmstudy import chapters

    for chapter in pkgutil.iter_modules(chapters.__path__, f"{chapters.__name__}."):
        if importlib.util.find_spec(f"{chapter.name}.claims"):
            importlib.import_module(f"{chapter.name}.claims")
    return [REGISTRY[key] for key in sorted(REGISTRY)]


def evaluate_claims(records: Sequence[Record], claims: Iterable[Claim] | None = None) -> list[ClaimResult]:
    """Work out each claim given, or all that are declared; one whose records are missing does not hold."""
    shelf = Shelf(records)
    return [_evaluate(c, shelf) for c in (all_claims() if claims is None else claims)]


def _evaluate(c: Claim, shelf: Shelf) -> ClaimResult:
    from lmstudy.evaluation.statistics import Estimate

    try:
        e = c.compute(shelf)
        return ClaimResult(c, e, c.holds(e), None)
    except StudyError as raised:
        return ClaimResult(c, Estimate(math.nan, math.nan, math.nan, 0), False, str(raised))
