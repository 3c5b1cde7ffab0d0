"""Claims in words: the number that a page shows, what came of a claim, and why one fails."""

from __future__ import annotations

from lmstudy.errors import StudyError
from lmstudy.show.numbers import interval, number, value, written
from lmstudy.study.claims import ClaimResult, Kind


def text(result: ClaimResult, variant: str = "full") -> str:
    """The numbers: "full" with unit, interval and n, "short" with unit alone, or only the "value" or the "interval".

    Raises:
        StudyError: another variant.
    """
    e, signed = result.estimate, result.claim.signed
    if variant == "value":
        return value(e, signed)
    if variant == "interval":
        return interval(e, signed)
    found = f"{value(e, signed)} {result.claim.unit}"
    if variant == "short":
        return found
    if variant == "full":
        return f"{found} ({100 * e.confidence:g} % CI {interval(e, signed)}, n = {e.n})"
    raise StudyError(f"claim {result.id}|{variant}: the variants are value and interval")


def numbers(result: ClaimResult) -> tuple[str, str, str]:
    """For a row of a table: the value, the interval and n, or dashes without an estimate."""
    if result.error is not None:
        return "-", "-", "-"
    return text(result, "value"), text(result, "interval"), str(result.estimate.n)


def outcome(result: ClaimResult) -> str:
    """What came of a claim, with what it takes to judge that: correction, revision, a single training."""
    said = result.outcome
    if result.error is not None:
        return said
    if result.kind is Kind.REVISED:
        changed = ", ".join(result.claim.revised)
        return f"{said}; revised ({changed}): as registered, it {_of(result.as_registered)}"
    if result.kind is Kind.CONFIRMATORY:
        shown = f"= {number(result.adjusted, decimals=4)}" if result.adjusted >= 5e-5 else "< 0.0001"
        return f"{said} (p {shown} in its family)"
    few = {1: ": one training", 2: ": two trainings"}
    return said + few.get(result.estimate.n, "")


def _of(verdict: object) -> str:
    return f"is {verdict}" if str(verdict) == "undecided" else str(verdict)


def problem(result: ClaimResult) -> str:
    """Why a claim fails, in words."""
    if result.error is not None:
        return result.error
    found = written(result.estimate, result.claim.signed)
    return f"{outcome(result)}, and its chapter says {result.claim.outcome} ({result.claim.holds.words}): {found}"
