"""Personal data in Chinese texts: names, mobile numbers and identity numbers, each by a library that others maintain.

- A name is a word that jieba (rjieba) tags as a person's, and that begins with a common family name, as Faker has them,
  in simplified or traditional characters. jieba's dictionary tags many plain words of two characters as names, such as
  安静 (quiet); so a name of two characters counts only where that dictionary does not hold it. A family name with a
  title, such as 李先生 (Mr Li), tells nobody apart and is none.
- A mobile number is what Google's phonenumbers reads as one of mainland China, with or without +86 and spaces.
- An identity number (身份证号) has 18 digits, the last of which checks the others and may be an X. python-stdnum also
  looks at the district and the date of birth in it.

Full-width digits are digits, too. Other numbers that tell people apart, such as those of messengers, are not found.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from lmstudy.data.segmentation import is_word, tagged
from lmstudy.preferences.scorers.masking import Span, merged

CHINESE = ("name", "mobile", "identity_number")
"""Kinds of items that `chinese_items` finds."""
COMMON = 0.1
"""Per cent of people who bear a family name, at least; rarer ones, such as 安 and 花, mostly begin other words."""
TITLES = re.compile(
    "先生|女士|小姐|太太|阿姨|老师|老師|教授|医生|醫生|大师|大師|师傅|師傅|"
    "经理|經理|总理|總理|总|總|老|姐|哥|叔|某|某某"
)
"""What stands behind a family name in the place of a given name."""
_IDENTITY = re.compile(r"(?<![\da-zA-Z])\d{17}[\dxXｘＸ](?![\da-zA-Z])")
_DIGITS = re.compile(r"\d(?:[ -]?\d){10}")
"""Without which there is no mobile number."""


def chinese_items(text: str, kinds: Sequence[str] = CHINESE) -> list[Span]:
    """Items of some of the kinds `CHINESE`, in order, none overlapping another."""
    find = {"name": _names, "mobile": _mobiles, "identity_number": _identity_numbers}
    return merged([(start, end, kind.upper()) for kind in kinds for start, end in find[kind](text)])


def _names(text: str) -> list[tuple[int, int]]:
    return [(start, end) for word, tag, start, end in tagged(text) if tag.startswith("nr") and _is_name(word)]


def _is_name(word: str) -> bool:
    """Whether it is a common family name and a given name of one or two characters, and, if short, no known word."""
    for length in (2, 1):  # 欧阳 before 欧
        family, given = word[:length], word[length:]
        if family in family_names() and given and not TITLES.fullmatch(given):
            return len(given) <= 2 and (len(word) > 2 or not is_word(word))
    return False


@cache
def family_names() -> frozenset[str]:
    """Common ones, and all of two characters, of the mainland and of Taiwan."""
    from faker.providers.person import zh_CN, zh_TW

    shares = {**zh_CN.Provider.last_names, **zh_TW.Provider.last_names}
    for name, share in zh_CN.Provider.last_names.items():
        shares[name] = max(share, shares[name])
    return frozenset(name for name, share in shares.items() if share >= COMMON or len(name) == 2)


def _mobiles(text: str) -> list[tuple[int, int]]:
    if not _DIGITS.search(text):
        return []
    from phonenumbers import PhoneNumberMatcher, PhoneNumberType, number_type

    found = [one for one in PhoneNumberMatcher(text, "CN") if one.number.country_code == 86]
    return [(one.start, one.end) for one in found if number_type(one.number) == PhoneNumberType.MOBILE]


def _identity_numbers(text: str) -> list[tuple[int, int]]:
    from stdnum.cn import ric

    found = _IDENTITY.finditer(text)
    return [match.span() for match in found if ric.is_valid(unicodedata.normalize("NFKC", match[0]).upper())]
