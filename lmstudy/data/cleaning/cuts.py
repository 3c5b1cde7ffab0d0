"""What a cleaning step takes out of a text, and what is left."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Span = tuple[int, int]
"""Offsets in characters: the first, and the one behind the last."""


class Cuts(NamedTuple):
    """Spans taken out of a text, in order and apart from each other, and how many words they stand for."""

    spans: list[Span]
    words: int

    @property
    def characters(self) -> int:
        """How many are taken out."""
        return sum(stop - start for start, stop in self.spans)


def without(text: str, spans: Iterable[Span]) -> str:
    """The text that is left."""
    kept, position = [], 0
    for start, stop in spans:
        kept.append(text[position:start])
        position = stop
    return "".join([*kept, text[position:]])


def shortened(lengths: Sequence[int], spans: Iterable[Span]) -> list[int]:
    """Lengths of consecutive segments of a text once the spans are out; a segment of which nothing is left is none.

    They add up to the length of the text that is left.
    """
    left = list(lengths)
    segment, begin = 0, 0
    for start, stop in spans:
        while start < stop:
            while begin + lengths[segment] <= start:
                begin += lengths[segment]
                segment += 1
            here = min(stop, begin + lengths[segment])
            left[segment] -= here - start
            start = here
    return [length for length in left if length]
