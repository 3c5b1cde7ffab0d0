"""Personal data repaired: what a detector finds is replaced by a word for its kind."""

import re
from collections.abc import Callable, Sequence
from itertools import accumulate

from lmstudy.preferences.rewriters.base import Rewriter

Found = Callable[[str], Sequence[tuple[int, int, str]]]
"""From a text to the start, end and kind of each item in it, in order and without overlap."""

KINDS = (
    *("NAME", "EMAIL", "PHONE", "CREDENTIAL", "CREDIT_CARD", "SOCIAL_SECURITY_NUMBER", "SSN"),
    *("MOBILE", "IDENTITY_NUMBER"),
)
"""Kinds of items that have a placeholder: those of all detectors."""
WRITTEN = re.compile(rf"<(?:{'|'.join(KINDS)})>")
"""A placeholder in a text."""


class Placeholders(Rewriter):
    """Each item that begins in a bad segment becomes `<KIND>`, such as `<NAME>` or `<EMAIL>`.

    Corpora of code are published so (Li et al. 2023, StarCoder). Made-up names would be another way; but a detector
    cannot tell a made-up person from a real one, so a model that learned to write them would be graded as if it gave
    people away. No detector of this package takes a placeholder for an item.

    Only what `found` finds is replaced, the items of the scorer that training goes by. What other detectors would find
    beside them stays, so that a held-out grader stays held out. Lines stay lines: the pieces of an item that goes over
    several are replaced one by one.

    Args:
        found: the items of a text.
    """

    name = "placeholders"

    def __init__(self, found: Found) -> None:
        self.found = found

    def rewrite(self, segments: Sequence[str], bad: Sequence[bool]) -> list[str]:
        text = "".join(segments)
        ends = list(accumulate(map(len, segments)))
        repaired = list(segments)
        for first, last, kind in reversed(self.found(text)):
            begins = next(number for number, end in enumerate(ends) if first < end)
            if not bad[begins]:
                continue
            for number in range(len(segments) - 1, begins - 1, -1):
                start = ends[number] - len(segments[number])
                low, high = max(first - start, 0), min(last - start, len(segments[number]))
                if low < high:
                    own = repaired[number]
                    repaired[number] = own[:low] + placeholder(kind, own[low:high]) + own[high:]
        return repaired


def placeholder(kind: str, covered: str) -> str:
    """What stands for a piece of an item of one kind; the newlines in it stay."""
    return "\n".join(f"<{kind}>" if piece.strip() else piece for piece in covered.split("\n"))
