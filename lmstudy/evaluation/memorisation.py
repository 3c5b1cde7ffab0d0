"""The longest run of characters that a text shares with a training text: an exact search without hashes.

Windows of 1, 2, 4, 8 and 16 characters of the texts get numbers, each from the numbers of its two halves (Karp,
Miller and Rosenberg 1972); a window of the training text gets the number of the window of the texts that it equals, or
none. From there on windows grow by one character at a time, and only those go on that occur on both sides. Numbers
stand for equal strings and for nothing else, so nothing has to be verified. The training text passes by in chunks:
memory depends on the texts and on the size of a chunk.

White space is normalised: a stretch of it counts as one space. So indentation adds next to nothing to a run, and code
that was only indented anew or wrapped elsewhere is still the same code.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]

WIDTHS = (1, 2, 4, 8, 16)
CHUNK = 4_000_000
"""Characters of training text that are searched at a time."""
BORDER = "\n"
"""Between texts; none is left in a normalised one."""


@dataclass(frozen=True)
class Match:
    """The longest run that a text shares with a training document, white space normalised."""

    length: int
    """Characters; 0 where not even one is shared."""
    run: str
    document: str
    """Id of the first training document found to hold it."""


def normalised(text: str) -> str:
    """Every stretch of white space as one space, none at the ends."""
    return " ".join(text.split())


def longest_matches(
    texts: Sequence[str], training: Iterable[tuple[str, str]], chunk: int = CHUNK
) -> Iterator[tuple[int, list[Match]]]:
    """For each text the longest run of characters that occurs in one of the training documents.

    Args:
        texts: what is looked into.
        training: (id, text) of each training document; a run within one document counts, never across two.
        chunk: characters of training text searched at a time.

    Yields:
        The training documents searched so far, and the longest match of each text among them.
    """
    search = _Search(texts)
    ids: list[str] = []
    held: list[str] = []
    searched = size = 0
    for number, text in training:
        ids.append(number)
        held.append(normalised(text))
        size += len(held[-1])
        if size >= chunk:
            search.chunk(ids, held)
            searched += len(ids)
            yield searched, search.matches()
            ids, held, size = [], [], 0
    if held:
        search.chunk(ids, held)
    yield searched + len(held), search.matches()


def _codes(text: str) -> Ints:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)


def _halves(names: Ints, width: int) -> tuple[Ints, Ints, Ints]:
    """Positions at which two windows of a width follow each other, and their names."""
    left, right = names[:-width], names[width:]
    at = np.flatnonzero((left >= 0) & (right >= 0))
    return at, left[at], right[at]


class _Search:
    """Names of all windows of the texts, and the longest match of each text so far."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [normalised(text) for text in texts]
        joined = _codes(BORDER.join(self.texts) + BORDER)
        self.owner = np.cumsum(joined == ord(BORDER)) - (joined == ord(BORDER))
        self.start = np.concatenate([[0], np.cumsum([len(text) + 1 for text in self.texts])])
        self.alphabet = np.unique(joined[joined != ord(BORDER)])
        self.indexes: dict[int, pd.Index] = {}
        self.names = {1: self._symbols(joined)}
        for width in WIDTHS[:-1]:
            at, left, right = _halves(self.names[width], width)
            keys, numbers = np.unique(left * self._count(width) + right, return_inverse=True)
            self.indexes[2 * width] = pd.Index(keys)
            self.names[2 * width] = _placed(len(joined), at, numbers)
        self.lengths = np.zeros(len(texts), dtype=np.int64)
        self.places = np.zeros(len(texts), dtype=np.int64)  # where in the joined texts each longest match begins
        self.documents = [""] * len(texts)

    def _count(self, width: int) -> int:
        return len(self.alphabet) if width == 1 else len(self.indexes[width])

    def _symbols(self, codes: Ints) -> Ints:
        """The number of each character in the texts' alphabet; -1 for borders and characters of no text."""
        table = np.full(max(int(codes.max(initial=0)), int(self.alphabet.max(initial=0))) + 1, -1, dtype=np.int64)
        table[self.alphabet] = np.arange(len(self.alphabet))
        return table[codes]

    def chunk(self, ids: Sequence[str], documents: Sequence[str]) -> None:
        """Search some normalised training documents."""
        names = {1: self._symbols(_codes(BORDER.join(documents) + BORDER))}
        for width in WIDTHS[:-1]:
            at, left, right = _halves(names[width], width)
            numbers = self.indexes[2 * width].get_indexer(pd.Index(left * self._count(width) + right))
            names[2 * width] = _placed(len(names[1]), at, numbers)
        ends = np.cumsum([len(document) + 1 for document in documents])
        chunk = _Chunk(names, ids, ends)
        for width in reversed(WIDTHS):
            # A text without a match of twice the width has none here either: its longest is found from this width.
            wanted = self.lengths < (2 * width if width < WIDTHS[-1] else np.iinfo(np.int64).max)
            if wanted.any():
                self._grow(width, wanted, chunk)

    def _grow(self, width: int, wanted: NDArray[np.bool_], chunk: "_Chunk") -> None:
        """Follow the windows that both sides share, from a width on, one character more at a time."""
        mine = np.flatnonzero((self.names[width] >= 0) & wanted[self.owner])
        theirs = np.flatnonzero(chunk.names[width] >= 0)
        my_names, their_names = self.names[width][mine], chunk.names[width][theirs]
        count, length, letters = self._count(width), width, len(self.alphabet)
        while True:
            shared = _shared(count, my_names, their_names)
            mine, my_names = mine[shared[my_names]], my_names[shared[my_names]]
            theirs, their_names = theirs[shared[their_names]], their_names[shared[their_names]]
            if not len(mine):
                return
            where = np.zeros(count, dtype=np.int64)
            where[their_names[::-1]] = theirs[::-1]  # the first one stays
            self._note(length, mine, where[my_names], chunk)
            mine, my_keys = _longer(self.names[1], mine, my_names, length, letters)
            theirs, their_keys = _longer(chunk.names[1], theirs, their_names, length, letters)
            keys, my_names = np.unique(my_keys, return_inverse=True)
            their_names = pd.Index(keys).get_indexer(pd.Index(their_keys))
            theirs, their_names = theirs[their_names >= 0], their_names[their_names >= 0]
            count, length = len(keys), length + 1

    def _note(self, length: int, mine: Ints, theirs: Ints, chunk: "_Chunk") -> None:
        """Keep the matches that are longer than what their texts had so far."""
        owners, first = np.unique(self.owner[mine], return_index=True)
        better = self.lengths[owners] < length
        owners, first = owners[better], first[better]
        self.lengths[owners], self.places[owners] = length, mine[first]
        found = np.searchsorted(chunk.ends, theirs[first], side="right")
        for owner, document in zip(owners.tolist(), found.tolist(), strict=True):
            self.documents[owner] = chunk.ids[document]

    def matches(self) -> list[Match]:
        """The longest match of each text in all chunks so far."""
        found = []
        for number, text in enumerate(self.texts):
            at, length = int(self.places[number] - self.start[number]), int(self.lengths[number])
            run = text[at : at + length] if length else ""
            found.append(Match(length, run, self.documents[number]))
        return found


@dataclass(frozen=True)
class _Chunk:
    """Some training documents: names of their windows by width, their ids, and where each ends."""

    names: dict[int, Ints]
    ids: Sequence[str]
    ends: Ints


def _placed(size: int, at: Ints, names: Ints) -> Ints:
    placed = np.full(size, -1, dtype=np.int64)
    placed[at] = names
    return placed


def _shared(count: int, mine: Ints, theirs: Ints) -> NDArray[np.bool_]:
    """[count] which names both sides have."""
    shared = np.zeros((2, count), dtype=bool)
    shared[0, mine] = shared[1, theirs] = True
    return np.asarray(shared.all(0))


def _longer(symbols: Ints, at: Ints, names: Ints, length: int, letters: int) -> tuple[Ints, Ints]:
    """Windows that can grow by a character, and a key for each longer one; every window ends before a border."""
    following = symbols[at + length]
    grows = following >= 0
    return at[grows], names[grows] * letters + following[grows]
