"""Which documents share a band of their signatures: in 1 kB a document, where a dictionary of sets takes eight.

Entries are pairs of a band's hash and a document's number. New ones wait in a dictionary; now and then these become a
sorted array, and arrays are merged once the older one is no longer than twice the newer, so that there are never many.
"""

import numpy as np
from numpy.typing import NDArray

_WAITING = 2**17
"""Entries that wait before they are sorted."""
_BASE, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


class BandIndex:
    """Finds the documents that share at least one band with another one, by 64 bits of the band and its place.

    Two bands that differ get the same 64 bits once in 2^64 pairs; then a document is found that need not be.
    """

    def __init__(self, bands: int, rows: int) -> None:
        """`bands` bands of `rows` numbers each are cut from the beginning of a signature."""
        self.bands, self.rows = bands, rows
        self.waiting: dict[int, list[int]] = {}
        self.count = 0
        self.sorted: list[tuple[NDArray[np.uint64], NDArray[np.int32]]] = []

    def keys(self, signature: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """[bands] 64 bits for each band."""
        rows = signature[: self.bands * self.rows].reshape(self.bands, self.rows).astype(np.uint64)
        keys = np.arange(1, self.bands + 1, dtype=np.uint64)
        for row in range(self.rows):  # Horner's rule modulo 2^64 in an odd base, mixed
            keys = keys * _BASE + rows[:, row]
            keys = (keys ^ (keys >> np.uint64(29))) * _MIX
        return keys

    def query(self, keys: NDArray[np.uint64]) -> set[int]:
        """Documents that were added with one of these keys."""
        found = {number for key in keys.tolist() for number in self.waiting.get(key, ())}
        for known, numbers in self.sorted:
            starts = known.searchsorted(keys)
            for start, key in zip(starts.tolist(), keys, strict=True):
                while start < len(known) and known[start] == key:
                    found.add(int(numbers[start]))
                    start += 1
        return found

    def add(self, number: int, keys: NDArray[np.uint64]) -> None:
        for key in keys.tolist():
            self.waiting.setdefault(key, []).append(number)
        self.count += len(keys)
        if self.count >= _WAITING:
            self._sort()

    def _sort(self) -> None:
        lengths = [len(numbers) for numbers in self.waiting.values()]
        keys = np.repeat(np.fromiter(self.waiting, np.uint64, len(self.waiting)), lengths)
        numbers = np.array([number for numbers in self.waiting.values() for number in numbers], dtype=np.int32)
        while self.sorted and len(self.sorted[-1][0]) <= 2 * len(keys):
            older = self.sorted.pop()
            keys, numbers = np.concatenate([older[0], keys]), np.concatenate([older[1], numbers])
        order = keys.argsort(kind="stable")
        self.sorted.append((keys[order], numbers[order]))
        self.waiting, self.count = {}, 0
