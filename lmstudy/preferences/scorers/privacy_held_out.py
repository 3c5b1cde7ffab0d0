"""Personal data by detectors that training never uses: DataFog's patterns, and names of a census."""

from typing import Literal

from lmstudy.preferences.scorers.masking import Span
from lmstudy.preferences.scorers.personal_data import HELD_OUT, PersonalDataScorer, checked_kinds, held_out_items

Kind = Literal["name", "email", "phone", "credit_card", "ssn"]


class HeldOutPrivacyScorer(PersonalDataScorer):
    """Items that DataFog 4 finds by its patterns, and names whose given and family names the 1990 census knows.

    DataFog's kinds that are not a person's (dates, postal codes, network addresses) are not used.

    Args:
        kinds: of items that count, some of `personal_data.HELD_OUT`; None: all.

    Raises:
        StudyError: no kind of item, or an unknown one.
    """

    name = "privacy-held-out"

    def __init__(self, kinds: list[Kind] | None = None) -> None:
        self.kinds = checked_kinds(kinds, HELD_OUT)

    def found(self, text: str) -> list[Span]:
        return held_out_items(text, self.kinds)
