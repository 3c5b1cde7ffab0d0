"""Claims: every quantitative sentence of the book, declared once and recomputed from the records.

A claim is a sentence, an id, a function of the records that returns an estimate, and the region in which the sentence
says that the truth lies. Each chapter declares its own in `lmstudy/chapters/TOPIC/claims.py`, one line a claim:

    fold = partial(claim, chapter="notebooks/14_results", unit="times fewer")
    fold("Conditional training writes fewer violations than MLE.", "pep8.conditional_vs_mle", better("pep8"), above(1))

Such claims are exploratory: they were worded by people who could see the records. A claim that was written down before
its runs stands in the register (`lmstudy.study.register`), and a chapter shows it by its hash:

    confirm("2a02a8a586d2")
"""

from __future__ import annotations

import importlib.util
import math
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lmstudy.errors import StudyError
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import Region, Verdict

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.runs.records import Record
    from lmstudy.study.register import Entry

Compute = Callable[[Shelf], "Estimate"]

ALPHA = 0.05
"""Chance of any false finding among the confirmatory claims of a chapter."""


SAID = ("sentence", "compute", "holds", "chapter", "unit")
"""What a prediction says of a claim; a claim that says otherwise is a revised one."""


class Kind(StrEnum):
    """How a claim came about."""

    CONFIRMATORY = "confirmatory"
    """Written down before its runs, and not changed since."""
    EXPLORATORY = "exploratory"
    """Worded when its records could be seen, or by runs that are older than the prediction."""
    REVISED = "revised"
    """Written down before its runs, and then said otherwise."""


@dataclass(frozen=True)
class Claim:
    """One sentence of the book: what it rests on, and when it is true.

    Args:
        sentence: what the book says, or, where it does not hold, the hypothesis that was looked into.
        id: words joined by dots and underscores, as in "first.below_kneser_ney".
        compute: of a shelf of records, which makes none.
        holds: where the truth lies if the sentence is true.
        chapter: its page, such as "notebooks/14_results".
        unit: of the estimate, in words.
        signed: whether its numbers are written with a plus, as differences are.
        outcome: what its chapter says came of it; should the records say otherwise, the chapter is wrong, and that
            fails the build. None: no chapter speaks of it, as of a prediction whose runs are to come.
        registered: the prediction that it confirms; None: an exploratory claim.
    """

    sentence: str
    id: str
    compute: Compute = field(repr=False)
    holds: Region
    chapter: str
    unit: str
    signed: bool = False
    outcome: Verdict | None = Verdict.HOLDS
    registered: Entry | None = field(default=None, repr=False)

    @property
    def revised(self) -> list[str]:
        """What is said otherwise than it was registered, by name."""
        if self.registered is None:
            return []
        before = _as_registered(self.registered)
        return [name for name in SAID if getattr(self, name) != getattr(before, name)]


@dataclass(frozen=True)
class ClaimResult:
    """A claim worked out on records. Without an estimate its numbers are NaN, n is 0, and `error` tells.

    `verdict` is what counts: of a prediction after correction for its family, with the p value `p` by itself and
    `adjusted` in the family. `as_registered` is the verdict of a revised claim on what had been written down.
    `records` names the records that it was worked out from, NAME-ID, as their files are called.
    """

    claim: Claim
    estimate: Estimate
    verdict: Verdict
    error: str | None
    kind: Kind = Kind.EXPLORATORY
    p: float = math.nan
    adjusted: float = math.nan
    as_registered: Verdict | None = None
    records: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.claim.id

    @property
    def holds(self) -> bool:
        return self.verdict is Verdict.HOLDS

    @property
    def fails(self) -> bool:
        """Whether the book may not be published with this result: its chapter says otherwise, or cannot know."""
        if self.claim.outcome is None:
            return False
        return self.error is not None or self.verdict is not self.claim.outcome

    @property
    def outcome(self) -> str:
        """In a word or two, for tables."""
        if self.error is not None:
            missing = "waits for its runs" if self.claim.outcome is None else "no records"
            return missing if self.error.startswith("no records") else "error"
        return str(self.verdict)


REGISTRY: dict[str, Claim] = {}


def claim(sentence: str, id: str, compute: Compute, holds: Region, **others: Any) -> None:
    """Declare an exploratory `Claim`, given by its fields; `compute` raises NoRecordsError where records are missing.

    Raises:
        StudyError: an id that is taken, or that is not words joined by dots and underscores.
    """
    _declare(Claim(sentence, id, compute, holds, **others))


def confirm(key: str, **changes: Any) -> None:
    """Declare the claim that a prediction of the register makes.

    Args:
        key: the prediction's hash.
        changes: fields of `Claim`. Other than `outcome` and `signed`, they make it a revised claim.

    Raises:
        StudyError: no prediction has this hash, a field that cannot be changed, or as `claim`.
    """
    from lmstudy.study import register

    if wrong := sorted(changes.keys() - {"outcome", "signed", *SAID}):
        raise StudyError(f"prediction {key}: {wrong[0]} is not for a chapter to change")

    known = register.read()
    if key not in known:
        raise StudyError(
            f"no prediction {key} is registered: it was never written down, or its text was changed since; there are "
            f"{', '.join(f'{one} ({entry.prediction.id})' for one, entry in known.items()) or 'none'}"
        )
    _declare(replace(_as_registered(known[key]), **changes))


def _as_registered(entry: Entry) -> Claim:
    from lmstudy.study import register

    said = entry.prediction
    signed = said.statistic not in (*register.RATIOS, *register.ALONE)
    return Claim(
        said.sentence, said.id, said.compute, said.region, said.chapter, said.unit, signed=signed, registered=entry
    )


def _declare(found: Claim) -> None:
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", found.id):
        raise StudyError(f"claim id {found.id!r}: it must be lower-case words with a dot, as in first.below_kneser_ney")
    if found.id in REGISTRY:
        raise StudyError(f"claim {found.id}: declared twice, for {REGISTRY[found.id].chapter} and for {found.chapter}")
    REGISTRY[found.id] = found


def all_claims() -> list[Claim]:
    """Every claim declared in a chapter's `claims.py`, by id, and every prediction of which no chapter speaks."""
    from lmstudy import chapters
    from lmstudy.study import register

    for chapter in pkgutil.iter_modules(chapters.__path__, f"{chapters.__name__}."):
        if importlib.util.find_spec(f"{chapter.name}.claims"):
            importlib.import_module(f"{chapter.name}.claims")
    spoken_of = {one.registered.prediction.hash for one in REGISTRY.values() if one.registered}
    found = dict(REGISTRY)
    for key, entry in register.read().items():
        if key not in spoken_of:
            name = entry.prediction.id
            name = f"{name}.{key}" if name in found else name
            found[name] = replace(_as_registered(entry), id=name, outcome=None)
    return [found[key] for key in sorted(found)]


def evaluate_claims(records: Sequence[Record], claims: Iterable[Claim] | None = None) -> list[ClaimResult]:
    """Work out each claim given, or all that are declared; one whose records are missing does not hold."""
    shelf = Shelf(records)
    return corrected([_traced(c, shelf) for c in (all_claims() if claims is None else claims)])


def corrected(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """The same with the predictions of each chapter corrected together (Holm 1979).

    One that holds or fails by itself, and no longer does at the level of its family, is undecided. The family is all
    that was predicted for the chapter: what was revised, and what has no records (yet), too.
    """
    from lmstudy.evaluation.statistics import holm

    families: dict[str, list[ClaimResult]] = defaultdict(list)
    for result in results:
        if result.claim.registered is not None:
            families[result.claim.registered.prediction.chapter].append(result)
    adjusted: dict[str, float] = {}
    for family in families.values():
        found = holm([1.0 if math.isnan(one.p) else one.p for one in family])
        adjusted |= {one.id: float(p) for one, p in zip(family, found, strict=True)}
    return [_at_level(result, adjusted[result.id]) if result.id in adjusted else result for result in results]


def _at_level(result: ClaimResult, adjusted: float) -> ClaimResult:
    if adjusted <= ALPHA:
        return replace(result, adjusted=adjusted)
    before = None if result.as_registered is None else Verdict.UNDECIDED
    return replace(result, adjusted=adjusted, verdict=Verdict.UNDECIDED, as_registered=before)


def _traced(c: Claim, shelf: Shelf) -> ClaimResult:
    """The result, with the records that the shelf was asked for."""
    shelf.handed.clear()
    found = _evaluate(c, shelf)
    return replace(found, records=tuple(dict.fromkeys(f"{record.name}-{record.id}" for record in shelf.handed)))


def _evaluate(c: Claim, shelf: Shelf) -> ClaimResult:
    from lmstudy.evaluation.statistics import Estimate

    try:
        e = c.compute(shelf)
    except StudyError as raised:
        kind = Kind.EXPLORATORY if c.registered is None else Kind.CONFIRMATORY
        return ClaimResult(c, Estimate(math.nan, math.nan, math.nan, 0), Verdict.UNDECIDED, str(raised), kind)
    found = ClaimResult(c, e, c.holds.verdict(e), None)
    if c.registered is None:
        return found
    before = c.registered.prediction
    if not c.revised:
        older = c.registered.older_than(before.trained(shelf))
        return replace(found, kind=Kind.CONFIRMATORY if older else Kind.EXPLORATORY, p=before.p_value(e))
    try:
        as_said = before.compute(shelf)
    except StudyError:
        return replace(found, kind=Kind.REVISED, as_registered=Verdict.UNDECIDED)
    verdict = before.region.verdict(as_said)
    return replace(found, kind=Kind.REVISED, p=before.p_value(as_said), as_registered=verdict)
