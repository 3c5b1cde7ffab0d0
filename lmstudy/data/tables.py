"""Documents as Arrow files on disk, memory-mapped when read.

Pages of a mapped file count as memory of the process once they are touched, and touching a few bytes maps the 64 KiB
around them. `release` hands them back, so that reading all over a large corpus takes no more memory than a small one.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pyarrow as pa

from lmstudy.data.cache import intact

if TYPE_CHECKING:  # the package takes seconds to import
    import datasets

BATCH = 1000
"""Rows written or read at a time."""
RELEASE_EVERY = 128
"""Random reads between two calls of `release`: 8 MiB of pages at most, and too few calls to cost time."""

_mapped: WeakSet[mmap.mmap] = WeakSet()

TEXTS = ("id", "text", "source", "path", "name")


def documents() -> datasets.Features:
    """Columns of a split that is not tokenised yet; segment lengths are in characters."""
    return _features(segment_lengths="int32")


def tokenised(vocab_size: int) -> datasets.Features:
    """Columns of a tokenised split; token ids take two bytes where the vocabulary allows it."""
    width = "uint16" if vocab_size <= 2**16 else "int32"
    return _features(tokens=width, starts="int32")


def _features(**numbers: str) -> datasets.Features:
    """The texts that every document has, and lists of numbers of these types."""
    from datasets import Features, List, Value

    texts = {name: Value("string") for name in TEXTS}
    return Features({**texts, **{name: List(Value(kind)) for name, kind in numbers.items()}})


def write(file: Path, features: datasets.Features, batches: Iterable[Mapping[str, Any]]) -> None:
    """Write columns batch by batch; never more than a batch is in memory."""
    from datasets.arrow_writer import ArrowWriter

    with ArrowWriter(path=str(file), features=features) as writer:
        for batch in batches:
            if len(batch["id"]):
                writer.write_batch(dict(batch))
        writer.finalize()


def read(file: Path) -> datasets.Dataset:
    """The rows of an Arrow file, memory-mapped; StudyError if it is missing or damaged."""
    from datasets import Dataset
    from datasets.table import MemoryMappedTable

    with intact(file):
        return Dataset(MemoryMappedTable(_mapped_table(file), str(file)))


def _mapped_table(file: Path) -> pa.Table:
    with file.open("rb") as opened:
        mapping = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    _mapped.add(mapping)
    held = []
    with pa.ipc.open_stream(pa.BufferReader(pa.py_buffer(mapping))) as reader:
        for number, batch in enumerate(reader):  # each has a header of its own, far from the others
            held.append(batch)
            if number % RELEASE_EVERY == 0:
                release()
        return pa.Table.from_batches(held, reader.schema)


def release() -> None:
    """Give the kernel back every page of the files mapped here; they return when they are read again.

    They are shared and read-only: nothing is lost, and the file usually stays in the page cache.
    """
    if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        for mapping in list(_mapped):
            mapping.madvise(mmap.MADV_DONTNEED)


def batches(rows: datasets.Dataset) -> Iterator[Mapping[str, Any]]:
    """Columns of consecutive rows as Python lists."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
