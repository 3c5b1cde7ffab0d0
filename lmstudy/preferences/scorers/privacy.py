"""Personal data as a preference: e-mail addresses, names, telephone and card numbers, mostly by scrubadub."""

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any, ClassVar, Literal

from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.preferences.scorers.masking import Span, mask, merged
from lmstudy.preferences.scorers.personal_names import faker_names

Kind = Literal["name", "email", "phone", "credential", "credit_card", "social_security_number"]
KINDS: tuple[Kind, ...] = ("name", "email", "phone", "credential", "credit_card", "social_security_number")


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
        """Items per character of each segment of one document."""
        ends = list(accumulate(map(len, segments)))
        counts = [0] * len(segments)
        for start, _, _ in self.found("".join(segments)):
            counts[bisect_right(ends, start)] += 1
        return [count / len(segment) if segment else 0.0 for count, segment in zip(counts, segments, strict=True)]

    def masked(self, text: str) -> str:
        """The text without what any of the detectors finds, chosen or not, nor what else `masking.mask` covers."""
        from lmstudy.preferences.scorers.privacy_held_out import HeldOutPrivacyScorer  # which is built on this file

        return mask(text, [*PrivacyScorer().found(text), *HeldOutPrivacyScorer().found(text)])


class PrivacyScorer(PersonalDataScorer):
    """Items that scrubadub 2 finds without a model, and names that begin with a given name Faker knows.

    scrubadub's own detectors of names need models or data that they download; Faker comes with it. Its detectors
    of web addresses and of user names (`@word`, which in code is a decorator) are not used: neither is a
    person's. `divided_twice` gives the scores of the code published with Korbak et al. (2023), which are divided
    by the length a second time: the same item weighs less in a longer segment.

    Raises:
        StudyError: no kind of item, or an unknown one.
    """

    def __init__(self, kinds: list[Kind] | None = None, divided_twice: bool = False) -> None:
        self.kinds = KINDS if kinds is None else tuple(kinds)
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise StudyError(f"scorer.kinds={list(self.kinds)} must be one or more of {', '.join(KINDS)}")
        self.divided_twice = divided_twice
        self.name = "privacy-released" if divided_twice else "privacy"

    def score(self, segments: Sequence[str]) -> list[float]:
        """Items per character of each segment of one document, once more divided by its length if so asked."""
        scores = super().score(segments)
        if not self.divided_twice:
            return scores
        return [score / len(segment) if segment else 0.0 for score, segment in zip(scores, segments, strict=True)]

    def found(self, text: str) -> list[Span]:
        """Items of the chosen kinds."""
        spans: list[Span] = []
        for kind in self.kinds:
            if kind == "name":
                spans += [(start, end, "NAME") for start, end in faker_names().spans(text)]
            else:
                spans += [(item.beg, item.end, kind.upper()) for item in _detectors()[kind].iter_filth(text)]
        return merged(spans)


@cache
def _detectors() -> dict[Kind, Any]:
    """scrubadub's detectors by kind; imported only where there is something to score, since that takes seconds."""
    from scrubadub import detectors

    return {
        "email": detectors.EmailDetector(),
        "phone": detectors.PhoneDetector(),
        "credential": detectors.CredentialDetector(),
        "credit_card": detectors.CreditCardDetector(),
        "social_security_number": detectors.en_US.SocialSecurityNumberDetector(),
    }
