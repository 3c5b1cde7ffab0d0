"""Personal data as a preference: e-mail addresses, names, telephone and card numbers, mostly by scrubadub."""

from collections.abc import Sequence
from typing import Literal

from lmstudy.preferences.scorers.masking import Span
from lmstudy.preferences.scorers.personal_data import STEERING, PersonalDataScorer, checked_kinds, steering_items

Kind = Literal["name", "email", "phone", "credential", "credit_card", "social_security_number"]


class PrivacyScorer(PersonalDataScorer):
    """Items that scrubadub 2 finds without a model, and names that begin with a given name Faker knows.

    scrubadub's own detectors of names need models or data that they download; Faker comes with it. Its detectors
    of web addresses and of user names (`@word`, which in code is a decorator) are not used: neither is a
    person's.

    Args:
        kinds: of items that count, some of `personal_data.STEERING`; None: all.
        divided_twice: as the code published with Korbak et al. (2023), divide by the length a second time: the same
            item weighs less in a longer segment.

    Raises:
        StudyError: no kind of item, or an unknown one.
    """

    def __init__(self, kinds: list[Kind] | None = None, divided_twice: bool = False) -> None:
        self.kinds = checked_kinds(kinds, STEERING)
        self.divided_twice = divided_twice
        self.name = "privacy-released" if divided_twice else "privacy"

    def score(self, segments: Sequence[str]) -> list[float]:
        scores = super().score(segments)
        if not self.divided_twice:
            return scores
        return [score / len(segment) if segment else 0.0 for score, segment in zip(scores, segments, strict=True)]

    def found(self, text: str) -> list[Span]:
        return steering_items(text, self.kinds)
