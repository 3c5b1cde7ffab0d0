"""Personal data in texts: detectors from two sources that share no rule, and what scorers by either have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, TypeVar

from lmstudy.errors import StudyError
from lmstudy.preferences.rewriters.base import Rewriter
from lmstudy.preferences.rewriters.placeholders import Placeholders
from lmstudy.preferences.scorers.base import Scorer, per_character
from lmstudy.preferences.scorers.masking import Span, mask, merged
from lmstudy.preferences.scorers.personal_names import census_names, faker_names

STEERING = ("name", "email", "phone", "credential", "credit_card", "social_security_number")
"""Kinds of items that `steering_items` finds."""
HELD_OUT = ("name", "email", "phone", "credit_card", "ssn")
"""Kinds of items that `held_out_items` finds."""
Kind = TypeVar("Kind", bound=str)


def steering_items(text: str, kinds: Sequence[str] = STEERING) -> list[Span]:
    """Items that scrubadub 2 finds without a model, and names that begin with a given name Faker knows; in order."""
    spans: list[Span] = []
    for kind in kinds:
        if kind == "name":
            spans += [(start, end, "NAME") for start, end in faker_names().spans(text)]
        else:
            spans += [(item.beg, item.end, kind.upper()) for item in _detectors()[kind].iter_filth(text)]
    return merged(spans)


def held_out_items(text: str, kinds: Sequence[str] = HELD_OUT) -> list[Span]:
    """Items that DataFog 4 finds by its patterns, and names whose parts the 1990 census knows; in order."""
    from datafog import scan

    patterns = [kind.upper() for kind in kinds if kind != "name"]
    spans: list[Span] = []
    if patterns:
        items = scan(text, engine="regex", entity_types=patterns).entities
        spans += [(item.start, item.end, item.type) for item in items]
    if "name" in kinds:
        spans += [(start, end, "NAME") for start, end in census_names().spans(text)]
    return merged(spans)


@cache
def _detectors() -> dict[str, Any]:
    """scrubadub's detectors by kind; imported only where there is something to score, since that takes seconds."""
    from scrubadub import detectors

    return {
        "email": detectors.EmailDetector(),
        "phone": detectors.PhoneDetector(),
        "credential": detectors.CredentialDetector(),
        "credit_card": detectors.CreditCardDetector(),
        "social_security_number": detectors.en_US.SocialSecurityNumberDetector(),
    }


def checked_kinds(kinds: Sequence[Kind] | None, known: Sequence[Kind]) -> tuple[Kind, ...]:
    """The kinds that are looked for, all that are known where none are named.

    Raises:
        StudyError: no kind, or an unknown one.
    """
    chosen = tuple(known if kinds is None else kinds)
    if not chosen or set(chosen) - set(known):
        raise StudyError(f"scorer.kinds={list(chosen)} must be one or more of {', '.join(known)}")
    return chosen


class PersonalDataScorer(Scorer):
    """s(segment) = items of personal data that begin in it / its characters (newline included).

    Items rather than their characters are counted, as by Korbak et al. (2023): a long address tells no more
    about its owner than a short one. What several detectors find in one place is one item.
    """

    masks: ClassVar[bool] = True
    highest: ClassVar[float] = 1.0

    @abstractmethod
    def found(self, text: str) -> list[Span]:
        """Items of a text in order, none overlapping another."""

    def score(self, segments: Sequence[str]) -> list[float]:
        return per_character(segments, (start for start, _, _ in self.found("".join(segments))))

    def rewriter(self) -> Rewriter:
        """Placeholders for the items that this scorer finds, and for no others."""
        return Placeholders(self.found)

    def masked(self, text: str) -> str:
        """The text without what any of the detectors finds, chosen or not, nor what else `masking.mask` covers."""
        return mask(text, [*steering_items(text), *held_out_items(text)])
