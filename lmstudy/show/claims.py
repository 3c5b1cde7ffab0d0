"""Claims in words: the number that a page shows, what came of a claim, and why one fails."""

from __future__ import annotations

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.numbers import MINUS, interval, number, value, written
from lmstudy.study.claims import ClaimResult, Kind

BITS = ("bits per byte", "% bits per byte")
"""Units of which there can be more or fewer."""


def text(result: ClaimResult, variant: str = "full") -> str:
    """A claim's number, as a sentence or a table shows it.

    Args:
        result: of a claim.
        variant: "full", with unit, interval and n; "short", with its unit; "size", the same without its sign, for a
            sentence that says the direction ("saves", "better by"); "more", bits without their sign and which of "more"
            and "fewer" they are; the "value", the "interval" or the "interval of the size" alone.

    Raises:
        StudyError: another variant, a size whose interval holds both signs, or "more" of what is not bits.
    """
    e, signed = result.estimate, result.claim.signed
    unit = _in_a_sentence(result.claim.unit)[0]
    if variant == "value":
        return value(e, signed)
    if variant == "interval":
        return interval(e, signed)
    if variant == "interval of the size":  # on the side of zero on which the number is shown
        return interval(Estimate(-e.value, -e.high, -e.low, e.n) if e.high <= 0 else e)
    if variant == "short":
        return f"{value(e, signed)} {unit}"
    if variant == "full":
        return f"{value(e, signed)} {result.claim.unit} ({100 * e.confidence:g} % CI {interval(e, signed)}, n = {e.n})"
    size = value(e).removeprefix(MINUS)
    if variant == "size":
        if not (e.low >= 0 or e.high <= 0):
            raise StudyError(f"claim {result.id}|size: the sign is open ({interval(e, True)}); leave |size out")
        return f"{size} {unit}"
    if variant == "more":
        if unit not in BITS:
            raise StudyError(f"claim {result.id}|more: its unit is {unit!r}, and only {' and '.join(BITS)} have it")
        which = "fewer" if e.value < 0 else "more"
        return f"{size} % {which} bits per byte" if unit.startswith("%") else f"{size} {which} bits per byte"
    raise StudyError(f"claim {result.id}|{variant}: the variants are size, more, value and interval")


def remark(result: ClaimResult) -> str:
    """What a unit says in brackets, which is too long for a sentence: "control tokens left out"."""
    return _in_a_sentence(result.claim.unit)[1]


def _in_a_sentence(unit: str) -> tuple[str, str]:
    short, _, rest = unit.partition(" (")
    rest = rest.removesuffix(")").replace("-", MINUS)
    return short, f"scale {rest}" if rest.startswith(MINUS) else rest


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
