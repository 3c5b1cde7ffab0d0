"""Personal data by detectors that training never uses: DataFog's patterns, and names of a census."""

from typing import Literal

from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.masking import Span, merged
from lmstudy.preferences.scorers.personal_names import census_names
from lmstudy.preferences.scorers.privacy import PersonalDataScorer

Kind = Literal["name", "email", "phone", "credit_card", "ssn"]
KINDS: tuple[Kind, ...] = ("name", "email", "phone", "credit_card", "ssn")


class HeldOutPrivacyScorer(PersonalDataScorer):
    """Items that DataFog 4 finds by its patterns, and names whose given and family names the 1990 census knows.

    DataFog's kinds that are not a person's (dates, postal codes, network addresses) are not used.

    Raises:
        StudyError: no kind of item, or an unknown one.
    """

    name = "privacy-held-out"

    def __init__(self, kinds: list[Kind] | None = None) -> None:
        self.kinds = KINDS if kinds is None else tuple(kinds)
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise StudyError(f"scorer.kinds={list(self.kinds)} must be one or more of {', '.join(KINDS)}")

    def found(self, text: str) -> list[Span]:
        """Items of the chosen kinds."""
        from datafog import scan

        patterns = [kind.upper() for kind in self.kinds if kind != "name"]
        spans: list[Span] = []
        if patterns:
            items = scan(text, engine="regex", entity_types=patterns).entities
            spans += [(item.start, item.end, item.type) for item in items]
        if "name" in self.kinds:
            spans += [(start, end, "NAME") for start, end in census_names().spans(text)]
        return merged(spans)
