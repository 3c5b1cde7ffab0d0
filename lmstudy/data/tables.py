"""Documents as Arrow files on disk, memory-mapped when read."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import datasets
from datasets.arrow_writer import ArrowWriter

BATCH = 1000
"""Rows written or read at a time."""

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
    return datasets.Dataset.from_file(str(file), in_memory=False)


def batches(rows: datasets.Dataset) -> Iterator[Mapping[str, Any]]:
    """Columns of consecutive rows as Python lists."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
