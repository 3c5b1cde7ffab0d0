"""Personal data in Chinese as a preference: names, mobile numbers and identity numbers."""

from typing import Literal

from lmstudy.preferences.scorers.masking import Span, mask
from lmstudy.preferences.scorers.personal_data import PersonalDataScorer, checked_kinds, held_out_items, steering_items
from lmstudy.preferences.scorers.personal_data_zh import CHINESE, chinese_items

Kind = Literal["name", "mobile", "identity_number"]


class ChinesePrivacyScorer(PersonalDataScorer):
    """Items of Chinese text that `personal_data_zh` finds; `scorer=privacy` knows none of their kinds.

    Args:
        kinds: of items that count, some of `personal_data_zh.CHINESE`; None: all.

    Raises:
        StudyError: no kind of item, or an unknown one.
    """

    name = "privacy-zh"

    def __init__(self, kinds: list[Kind] | None = None) -> None:
        self.kinds = checked_kinds(kinds, CHINESE)

    def found(self, text: str) -> list[Span]:
        return chinese_items(text, self.kinds)

    def masked(self, text: str) -> str:
        """The text without what this detector or those of English text find, chosen or not."""
        return mask(text, [*chinese_items(text), *steering_items(text), *held_out_items(text)])
