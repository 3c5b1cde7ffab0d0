"""Claims in words: the number that a page shows, what came of a claim, and why one fails."""

from __future__ import annotations

from collections import Counter
from html import escape

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.numbers import MINUS, interval, number, value, written
from lmstudy.show.phrases import masked, phrase, retold, said
from lmstudy.study.claims import Claim, ClaimResult, Kind

OUTCOMES = (
    *(phrase("holds"), phrase("fails"), phrase("undecided")),
    *(phrase("waits for its runs"), phrase("no records"), phrase("error")),
)
TALLIED = {
    "holds": (phrase("{0} holds"), phrase("{0} hold")),
    "fails": (phrase("{0} fails"), phrase("{0} fail")),
    "undecided": (phrase("{0} undecided"),) * 2,
    "waits for its runs": (phrase("{0} waits for its runs"), phrase("{0} wait for their runs")),
    "no records": (phrase("{0} no records"),) * 2,
    "error": (phrase("{0} error"),) * 2,
}
"""Outcomes of one claim and of more."""
ORDER = ("fails", "undecided", "holds")
"""Failures first."""
INTERVALS = (phrase("{0} to {1}"), phrase("{0} ({1} to {2})"), phrase("{0} (interval unknown)"))
"""As numbers and intervals are written."""
BITS = ("bits per byte", "% bits per byte", "times the bits per byte of MLE")
"""Units of which there can be more or fewer."""
VARIANTS = ("size", "more", "fewer", "value", "interval")


def text(result: ClaimResult, variant: str = "full") -> str:
    """A claim's number, as a sentence or a table shows it.

    Args:
        result: of a claim.
        variant: "full", with unit, interval and n; "short", with its unit; "size", the same without its sign, for a
            sentence that says the direction ("saves", "better by"); "more", bits without their sign and which of "more"
            and "fewer" they are, ratios of bits in per cent; "fewer", a ratio below 1 upside down, "7.5 times fewer";
            the "value" or the "interval" alone.

    Raises:
        StudyError: another variant, a size whose interval holds both signs, "more" of what is not bits, or "fewer" of
            what is no ratio or whose interval reaches 1.
    """
    told = _in_english(result, variant)
    return told if variant == "full" else retold(told)


def _in_english(result: ClaimResult, variant: str) -> str:
    e, signed = as_told(result, variant), result.claim.signed
    unit = _in_a_sentence(result.claim.unit)[0]
    if variant == "value":
        return value(e, signed)
    if variant == "interval":
        return interval(e, signed)
    if variant == "short":
        return f"{value(e, signed)} {unit}"
    if variant == "full":
        return f"{value(e, signed)} {result.claim.unit} ({100 * e.confidence:g} % CI {interval(e, signed)}, n = {e.n})"
    if variant == "size":
        if not e.low >= 0:
            raise StudyError(f"claim {result.id}|size: the sign is open ({interval(e, True)}); leave |size out")
        return f"{value(e)} {unit}"
    if variant == "more":
        if unit not in BITS:
            raise StudyError(f"claim {result.id}|more: its unit is {unit!r}, and only {', '.join(BITS)} have it")
        which = "fewer" if _on_its_scale(result, variant).value < 0 else "more"
        per_cent = "" if unit == "bits per byte" else " %"
        return f"{value(e).removeprefix(MINUS)}{per_cent} {which} bits per byte"
    if variant == "fewer":
        if not unit.startswith("times") or unit == "times fewer" or not e.low > 1:
            told = f"{value(result.estimate)} ({interval(result.estimate)}) {unit}"
            raise StudyError(f"claim {result.id}|fewer: no ratio that is certainly below 1: {told}; leave |fewer out")
        return f"{value(e)} times fewer"
    raise StudyError(f"claim {result.id}|{variant}: the variants are {', '.join(VARIANTS)}")


def as_told(result: ClaimResult, variant: str = "short") -> Estimate:
    """A claim's estimate with its interval as a variant of `text` tells it: on its scale, and on its side of zero."""
    e = _on_its_scale(result, variant)
    turned = (variant == "size" and e.high <= 0) or (variant == "more" and e.value < 0)
    return -e if turned else e


def _on_its_scale(result: ClaimResult, variant: str) -> Estimate:
    e = result.estimate
    if variant == "fewer" and e.low > 0:
        return Estimate(1 / e.value, 1 / e.high, 1 / e.low, e.n, e.confidence)
    if variant == "more" and result.claim.unit.startswith("times"):
        return e.minus(1.0).times(100)
    return e


def remark(result: ClaimResult) -> str:
    """What a unit says in brackets, which is too long for a sentence: "control tokens left out"."""
    return retold(_in_a_sentence(result.claim.unit)[1])


def _in_a_sentence(unit: str) -> tuple[str, str]:
    short, _, rest = unit.partition(" (")
    rest = rest.removesuffix(")").replace("-", MINUS)
    return short, f"scale {rest}" if rest.startswith(MINUS) else rest


def phrases(claim: Claim) -> list[tuple[str, str]]:
    """All that pages say of a claim in words, with its kind; the first number is the claim's own."""
    unit, rest = _in_a_sentence(claim.unit)
    found = [(claim.sentence, "sentence of a claim"), (masked(f"1 {unit}")[0], "number and unit")]
    if rest:
        found.append((masked(rest)[0], "remark on a unit"))
    if unit in BITS:
        per_cent = "" if unit == "bits per byte" else " %"
        found += [(f"{{0}}{per_cent} {which} bits per byte", "number and unit") for which in ("more", "fewer")]
    if unit.startswith("times") and unit != "times fewer":
        found.append(("{0} times fewer", "number and unit"))
    return found


def numbers(result: ClaimResult) -> tuple[str, str, str]:
    """For a row of a table: the value, the interval and n, or dashes without an estimate."""
    if result.error is not None:
        return "-", "-", "-"
    return text(result, "value"), text(result, "interval"), str(result.estimate.n)


def folded_records(result: ClaimResult) -> str:
    """HTML: how many records a claim rests on, and, opened, their names with the id at the end of each."""
    listed = "<br>".join(f"<code>{escape(name)}</code>" for name in result.records)
    count = said(phrase("{0} records") if len(result.records) > 1 else phrase("{0} record"), len(result.records))
    return f'<details class="claim-records"><summary>{count}</summary><p>{listed}</p></details>'


def outcome(result: ClaimResult) -> str:
    """What came of a claim, with what it takes to judge that: correction, revision, a single training."""
    word = said(result.outcome)
    if result.error is not None:
        return word
    if result.kind is Kind.REVISED:
        changed = ", ".join(result.claim.revised)
        return said("{0}; revised ({1}): as registered, it {2}", word, changed, said(_of(result.as_registered)))
    if result.kind is Kind.CONFIRMATORY:
        shown = f"= {number(result.adjusted, decimals=4)}" if result.adjusted >= 5e-5 else "< 0.0001"
        return said("{0} (p {1} in its family)", word, shown)
    few = {1: phrase("{0}: one training"), 2: phrase("{0}: two trainings")}
    return said(few[result.estimate.n], word) if result.estimate.n in few else word


def _of(verdict: object) -> str:
    return phrase("is undecided") if str(verdict) == "undecided" else str(verdict)


def problem(result: ClaimResult) -> str:
    """Why a claim fails, in words."""
    if result.error is not None:
        return result.error
    found = written(result.estimate, result.claim.signed)
    return f"{outcome(result)}, and its chapter says {result.claim.outcome} ({result.claim.holds.words}): {found}"


def tally(counts: Counter[str]) -> str:
    """Outcomes with how many claims have each, the most common first: "8 hold, 4 undecided, 1 waits for its runs"."""
    return said(", ").join(said(TALLIED[name][n > 1], n) for name, n in counts.most_common())


def sure(result: ClaimResult, variant: str = "") -> str:
    """How sure the number of a claim is, in a sentence or two."""
    if result.error is not None:
        return result.error
    e = as_told(result, variant)
    signed = e.low < 0 if variant in ("size", "more", "fewer") else result.claim.signed
    shown = f"{100 * e.confidence:g}", retold(interval(e, signed)), e.n
    if not remark(result):
        return said("{0} % interval {1}, n = {2}.", *shown)
    return said("{0} % interval {1}, n = {2}. {3}.", *shown, remark(result).capitalize())


def outcome_filter() -> str:
    """What shows the cards of one outcome, by the style sheet alone."""
    buttons = "".join(
        f'<label><input type="radio" name="claims-filter" value="{name}"{checked}> {said(name)}</label>'
        for name, checked in ((phrase("all"), " checked"), *((name, "") for name in ORDER))
    )
    return f'<fieldset class="claims-filter"><legend>{said("Show")}</legend>{buttons}</fieldset>'
