"""Documents as an objective wants to read them: some of them only, or with control tokens before their segments."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.examples import Documents, Ints
from lmstudy.data.tokenizer import BAD, GOOD

NONE = -1
"""In the place of a control token: there is none before this segment."""


class View(NamedTuple):
    """What training reads: documents, and a score for each of their tokens where the loss wants it."""

    documents: Documents
    token_scores: Callable[[int], NDArray[np.float32]] | None = None
    notes: tuple[str, ...] = ()
    """What should be said of it, such as that it leaves nothing to learn."""


class Selected:
    """Some of the documents, `index` [n] of them, as documents themselves."""

    def __init__(self, documents: Documents, index: Ints) -> None:
        self.documents, self.index = documents, index

    def __len__(self) -> int:
        return len(self.index)

    def tokens(self, index: int) -> Ints:
        return self.documents.tokens(int(self.index[index]))

    def starts(self, index: int) -> Ints:
        return self.documents.starts(int(self.index[index]))

    def lengths(self, index: Ints) -> Ints:
        return self.documents.lengths(self.index[index])


class Joined:
    """The documents of several sets one behind the other, as documents themselves."""

    def __init__(self, *parts: Documents) -> None:
        self.parts = parts
        self.ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def _own(self, index: int) -> tuple[Documents, int]:
        number = int(np.searchsorted(self.ends, index, side="right"))
        return self.parts[number], index - (int(self.ends[number - 1]) if number else 0)

    def tokens(self, index: int) -> Ints:
        part, own = self._own(index)
        return part.tokens(own)

    def starts(self, index: int) -> Ints:
        part, own = self._own(index)
        return part.starts(own)

    def lengths(self, index: Ints) -> Ints:
        found = np.empty(len(index), dtype=np.int64)
        number = np.searchsorted(self.ends, index, side="right")
        for which, part in enumerate(self.parts):
            chosen = number == which
            found[chosen] = part.lengths(index[chosen] - (int(self.ends[which - 1]) if which else 0))
        return found


def control_tokens(good: NDArray[np.bool_], drop: float, rng: np.random.Generator) -> NDArray[np.int8]:
    """[segments] `GOOD` or `BAD` before each segment, left out (`NONE`) with probability `drop`."""
    tokens = np.where(good, GOOD, BAD).astype(np.int8)
    tokens[rng.random(len(tokens), dtype=np.float32) < drop] = NONE
    return tokens


class Controlled:
    """Documents with a control token before each segment, except where it was left out.

    A segment begins at its control token, so that a cut before a segment leaves the token to the decoder.

    Args:
        documents: plain ones.
        control: [segments of all documents, end to end] token or `NONE`.
        offsets: [documents + 1] where each document's segments begin in `control`.
    """

    def __init__(self, documents: Documents, control: NDArray[np.int8], offsets: NDArray[np.int64]) -> None:
        self.documents, self.control, self.offsets = documents, control, offsets
        self._added = np.diff(np.concatenate([[0], np.cumsum(control != NONE)])[offsets])

    def __len__(self) -> int:
        return len(self.documents)

    def _of(self, index: int) -> NDArray[np.int8]:
        return self.control[self.offsets[index] : self.offsets[index + 1]]

    def tokens(self, index: int) -> Ints:
        control = self._of(index)
        present = control != NONE
        return np.insert(self.documents.tokens(index), self.documents.starts(index)[present], control[present])

    def starts(self, index: int) -> Ints:
        present = self._of(index) != NONE
        return self.documents.starts(index) + np.cumsum(present) - present

    def lengths(self, index: Ints) -> Ints:
        return self.documents.lengths(index) + self._added[index]


def uniformly_controlled(documents: Documents, segment_counts: Ints, token: int) -> Controlled:
    """All segments behind the same control token, as when a model is asked to be good (or bad)."""
    offsets = np.concatenate([[0], np.cumsum(segment_counts)])
    return Controlled(documents, np.full(offsets[-1], token, dtype=np.int8), offsets)
