"""What code says on pages, in the language of the edition that is being built.

The catalogues of another edition are files named by the environment variable `LMSTUDY_PHRASES`; without it, everything
is said in English. What they lack is said in English, too, and kept in `MISSING`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache

CATALOGUES = "LMSTUDY_PHRASES"
"""Paths of catalogues, separated as those of PATH are."""
NUMBER = re.compile(r"(?<![\w.{])[+\u2212-]?\d+(?:,\d{3})*(?:\.\d+)?(?![\w}]|[.,]\d)")
LETTER = re.compile("[A-Za-z]")
MASK = re.compile(r"\{(\d+)\}")
MISSING: dict[str, None] = {}
"""What was to be said and is in no catalogue, masked, in the order in which it was met."""


def said(template: str, *values: object) -> str:
    """A phrase of the code in the language of the edition, with values in the places of {0}, {1}."""
    return filled(_looked_up(template), list(map(str, values)))


def retold(text: str) -> str:
    """A text with numbers in the language of the edition: it is looked up whole, and then with its numbers masked."""
    known = _known()
    if known is None:
        return text
    if text in known:
        return known[text]
    mask, numbers = masked(text)
    return filled(_looked_up(mask), numbers) if LETTER.search(mask) else text


def phrase(text: str) -> str:
    """The text as it is; it is a message, since it is said or retold elsewhere."""
    return text


def masked(text: str) -> tuple[str, list[str]]:
    """A text with {0}, {1} in the places of its numbers, and the numbers."""
    numbers: list[str] = []

    def mask(m: re.Match[str]) -> str:
        numbers.append(m[0])
        return f"{{{len(numbers) - 1}}}"

    return NUMBER.sub(mask, text), numbers


def filled(text: str, numbers: Sequence[str]) -> str:
    """A masked text with its numbers; they may stand in another order."""
    return MASK.sub(lambda m: numbers[int(m[1])] if int(m[1]) < len(numbers) else m[0], text)


def _looked_up(template: str) -> str:
    known = _known()
    if known is None:
        return template
    if template not in known:
        MISSING.setdefault(template)
        return template
    return known[template]


@cache
def _known() -> Mapping[str, str] | None:
    paths = os.environ.get(CATALOGUES)
    if not paths:
        return None
    from babel.messages.pofile import read_po

    found: dict[str, str] = {}
    for path in paths.split(os.pathsep):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            found |= {str(one.id): str(one.string) for one in read_po(file) if one.id and one.string and not one.fuzzy}
    return found
