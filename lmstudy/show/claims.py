"""Claims in words: the number that a page shows, and why a claim fails."""

from __future__ import annotations

from lmstudy.errors import StudyError
from lmstudy.show.numbers import interval, value, written
from lmstudy.study.claims import ClaimResult


def text(result: ClaimResult, variant: str = "full") -> str:
    """The numbers: "full" with unit, interval and n, or only the "value" or the "interval".

    Raises:
        StudyError: another variant.
    """
    e, signed = result.estimate, result.claim.signed
    if variant == "value":
        return value(e, signed)
    if variant == "interval":
        return interval(e, signed)
    if variant == "full":
        found = f"{value(e, signed)} {result.claim.unit}"
        return f"{found} ({100 * e.confidence:g} % CI {interval(e, signed)}, n = {e.n})"
    raise StudyError(f"claim {result.id}|{variant}: the variants are value and interval")


def numbers(result: ClaimResult) -> tuple[str, str, str]:
    """For a row of a table: the value, the interval and n, or dashes without an estimate."""
    if result.error is not None:
        return "-", "-", "-"
    return text(result, "value"), text(result, "interval"), str(result.estimate.n)


def problem(result: ClaimResult) -> str:
    """Why a claim fails, in words."""
    if result.error is not None:
        return result.error
    why = "does not hold" if result.claim.expected else "holds, but is declared not to"
    return f"{why} ({result.claim.holds.words}): {written(result.estimate, result.claim.signed)}"
