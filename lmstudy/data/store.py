"""Random access to a tokenised split without copying it: the Arrow file stays memory-mapped."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lmstudy.data import tables
from lmstudy.data.examples import Ints

if TYPE_CHECKING:
    import datasets


class _ListColumn:
    """A column of lists as numpy views on Arrow's own buffers."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        self.values = [chunk.values.to_numpy(zero_copy_only=True) for chunk in chunks]
        self.offsets = [chunk.offsets.to_numpy(zero_copy_only=True) for chunk in chunks]
        self.first = np.concatenate([[0], np.cumsum([len(chunk) for chunk in chunks])]).astype(np.int64)

    def __getitem__(self, index: int) -> np.ndarray:
        chunk = int(np.searchsorted(self.first, index, side="right")) - 1
        start, stop = self.offsets[chunk][index - self.first[chunk] :][:2]
        return self.values[chunk][start:stop]

    def lengths(self) -> NDArray[np.int32]:
        lengths = np.empty(self.first[-1], dtype=np.int32)
        for number, offsets in enumerate(self.offsets):
            np.subtract(offsets[1:], offsets[:-1], out=lengths[self.first[number] : self.first[number + 1]])
            if number % tables.RELEASE_EVERY == 0:
                tables.release()
        return lengths


class TokenStore:
    """Documents (see `lmstudy.data.examples.Documents`) of one split; lengths take 4 bytes a document in memory."""

    def __init__(self, split: datasets.Dataset) -> None:
        table = split.data.table if split._indices is None else split.flatten_indices().data.table
        self._tokens = _ListColumn(table.column("tokens"))
        self._starts = _ListColumn(table.column("starts"))
        self._ids = table.column("id")
        self._lengths = self._tokens.lengths()
        self._reads = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def tokens(self, index: int) -> Ints:
        return self._copy(self._tokens, index)

    def starts(self, index: int) -> Ints:
        return self._copy(self._starts, index)

    def _copy(self, column: _ListColumn, index: int) -> Ints:
        """A list of a document; now and then the pages that such reads have touched are let go."""
        self._reads += 1
        if self._reads % tables.RELEASE_EVERY == 0:
            tables.release()
        return column[index].astype(np.int64)

    def lengths(self, index: Ints) -> Ints:
        return self._lengths[index].astype(np.int64)

    def segment_counts(self) -> Ints:
        """[documents] Segments of every document."""
        return self._starts.lengths().astype(np.int64)

    def flat(self, index: Ints) -> tuple[Ints, Ints]:
        """Token ids of some documents end to end, and the offsets [n + 1] at which each begins."""
        offsets = np.concatenate([[0], np.cumsum(self.lengths(index))])
        return np.concatenate([self.tokens(int(i)) for i in index]), offsets

    def groups(self, count: int) -> Ints:
        """[documents] Evaluation group, below `count`, of each: a hash of its id, the same for every run and seed."""
        return np.array(
            [int.from_bytes(hashlib.sha256(str(i).encode()).digest()[:8], "big") % count for i in self._ids],
            dtype=np.int64,
        )
