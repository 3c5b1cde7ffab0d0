"""A corpus of any size: the documents of a real one again and again, each time in another order."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa

from lmstudy.data import tables
from lmstudy.errors import StudyError

MARGIN = 1.1
"""Free room asked for, as a multiple of what a file is expected to take."""


@dataclass(frozen=True)
class Model:
    """Documents to repeat: their tokens and segment starts as Arrow lists, and the bytes of text of each."""

    tokens: pa.ListArray
    starts: pa.ListArray
    bytes: np.ndarray

    @classmethod
    def of(cls, split: datasets.Dataset, token_bytes: np.ndarray) -> "Model":
        """From a tokenised split; `token_bytes` [V] is the bytes each token stands for."""
        table = split.data.table
        tokens, starts = (table.column(name).combine_chunks() for name in ("tokens", "starts"))
        totals = np.concatenate([[0], np.cumsum(token_bytes[tokens.values.to_numpy()], dtype=np.int64)])
        return cls(tokens, starts, np.diff(totals[tokens.offsets.to_numpy()]))

    def file_bytes(self, text_bytes: float) -> float:
        """What a file of so much text takes: token ids, starts, three offsets of 4 bytes for each of the columns."""
        held = self.tokens.nbytes + self.starts.nbytes + 40 * len(self.bytes)
        return text_bytes * held / float(self.bytes.sum())


def check_room(folder: Path, needed: float) -> None:
    """Raises StudyError, saying how much is free and how much is needed, when a folder's disk is too full."""
    free = shutil.disk_usage(folder).free
    if free < MARGIN * needed:
        raise StudyError(
            f"{folder} has {free / 1e6:,.0f} MB free, and the largest corpus takes {MARGIN * needed / 1e6:,.0f} MB: "
            "make room, set TMPDIR to a folder with more, or lower workload.store_megabytes"
        )


def write(file: Path, model: Model, text_bytes: float, vocab_size: int, seed: int = 0) -> None:
    """A tokenised split of `text_bytes` bytes of text (to within a document), through the writer that corpora use.

    The text itself is left out: training never reads it, and it would double the file. One batch of documents is in
    memory at a time.
    """
    tables.write(file, tables.tokenised(vocab_size), _batches(model, text_bytes, seed))


def _batches(model: Model, text_bytes: float, seed: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    written, copy = 0, 0
    while written < text_bytes:
        order = rng.permutation(len(model.bytes))
        for start in range(0, len(order), tables.BATCH):
            rows = order[start : start + tables.BATCH]
            reached = written + np.cumsum(model.bytes[rows])
            rows = rows[: int(np.searchsorted(reached, text_bytes)) + 1]
            blank = [""] * len(rows)
            yield {
                "id": [f"{copy}/{row}" for row in rows],
                **dict.fromkeys(("text", "source", "path", "name"), blank),
                "tokens": model.tokens.take(pa.array(rows)),
                "starts": model.starts.take(pa.array(rows)),
            }
            written += int(model.bytes[rows].sum())
            if written >= text_bytes:
                return
        copy += 1
