"""Documents as Arrow files on disk, memory-mapped when read.

Pages of a mapped file count as memory of the process once they are touched, and touching a few bytes maps the 64 KiB
around them. `release` hands them back, so that reading all over a large corpus takes no more memory than a small one.
"""

import mmap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

import datasets
import pyarrow as pa
from datasets.arrow_writer import ArrowWriter
from datasets.table import MemoryMappedTable

BATCH = 1000
"""Rows written or read at a time."""
RELEASE_EVERY = 128
"""Random reads between two calls of `release`: 8 MiB of pages at most, and too few calls to cost time."""

_mapped: WeakSet[mmap.mmap] = WeakSet()

_TEXT = datasets.Value("string")

DOCUMENTS = datasets.Features(
    {
        "id": _TEXT,
        "text": _TEXT,
        "source": _TEXT,
        "path": _TEXT,
        "name": _TEXT,
        "segment_lengths": datasets.List(datasets.Value("int32")),  # in characters
    }
)


def tokenised(vocab_size: int) -> datasets.Features:
    """Columns of a tokenised split; token ids take two bytes where the vocabulary allows it."""
    width = "uint16" if vocab_size <= 2**16 else "int32"
    columns = {name: kind for name, kind in DOCUMENTS.items() if name != "segment_lengths"}
    tokens = {
        "tokens": datasets.List(datasets.Value(width)),
        "starts": datasets.List(datasets.Value("int32")),
    }
    return datasets.Features({**columns, **tokens})


def write(file: Path, features: datasets.Features, batches: Iterable[Mapping[str, Any]]) -> None:
    """Write columns batch by batch; never more than a batch is in memory."""
    with ArrowWriter(path=str(file), features=features) as writer:
        for batch in batches:
            if len(batch["id"]):
                writer.write_batch(dict(batch))
        writer.finalize()


def read(file: Path) -> datasets.Dataset:
    """The rows of an Arrow file, memory-mapped."""
    with file.open("rb") as opened:
        mapping = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    _mapped.add(mapping)
    held = []
    with pa.ipc.open_stream(pa.BufferReader(pa.py_buffer(mapping))) as reader:
        for number, batch in enumerate(reader):  # each has a header of its own, far from the others
            held.append(batch)
            if number % RELEASE_EVERY == 0:
                release()
        table = pa.Table.from_batches(held, reader.schema)
    return datasets.Dataset(MemoryMappedTable(table, str(file)))


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
