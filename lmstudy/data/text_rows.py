"""Texts as rows of numbers that an encoder reads whole, one text a row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from lmstudy.data.ngrams import ngrams
from lmstudy.data.segmentation import Segmentation
from lmstudy.data.tokenizer import PAD, encode
from lmstudy.errors import StudyError

TOKENIZER, SETTINGS = "tokenizer.json", "reader.json"


class Row(NamedTuple):
    """One text."""

    tokens: NDArray[np.int32]
    ngrams: NDArray[np.int32]
    """See `lmstudy.data.ngrams`; none where no model wants them."""


class Rows(NamedTuple):
    """B texts side by side."""

    tokens: Tensor
    """[B, S] int64, `PAD` behind each text"""
    ngrams: Tensor
    """[B, N] int64, 0 behind each text's"""


@dataclass(frozen=True)
class Reader:
    """How an encoder that judges texts was taught to read them; a text longer than `longest` tokens is cut there."""

    tokenizer: Tokenizer
    longest: int
    start: int | None = None
    """Token before every text, unless the tokenizer itself adds what its encoder expects."""
    segmentation: Segmentation | None = None
    buckets: int = 0
    """Of hashed n-grams; 0: none are looked for."""

    def read(self, texts: Sequence[str]) -> list[Row]:
        """Each text, with at most `longest` tokens and at least one, so that there is something to average."""
        found, _ = encode(self.tokenizer, [[text] for text in texts], self.segmentation)
        first = np.array([] if self.start is None else [self.start], dtype=np.int32)
        tokens = [np.concatenate([first, ids])[: self.longest] for ids in found]
        tokens = [row if len(row) else np.array([PAD], dtype=np.int32) for row in tokens]
        runs = ngrams(texts, self.buckets) if self.buckets else [np.zeros(0, dtype=np.int32)] * len(texts)
        return [Row(*row) for row in zip(tokens, runs, strict=True)]

    def too_long(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer than `longest` tokens, so that `read` cuts them."""
        untruncated = Tokenizer.from_str(self.tokenizer.to_str())
        untruncated.no_truncation()
        found, _ = encode(untruncated, [[text] for text in texts], self.segmentation)
        return sum(len(ids) + (self.start is not None) > self.longest for ids in found)

    def save(self, folder: Path) -> None:
        """Write what `load` needs into a folder."""
        self.tokenizer.save(str(folder / TOKENIZER), pretty=False)
        kept = ("longest", "start", "segmentation", "buckets")
        settings = {name: getattr(self, name) for name in kept}
        (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Reader":
        """Raises StudyError where a file is missing or damaged."""
        try:
            settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            return cls(Tokenizer.from_file(str(folder / TOKENIZER)), **settings)
        except Exception as error:  # the tokenizers library raises bare Exceptions
            reason = str(error).splitlines()[0]
            raise StudyError(f"{folder}: {SETTINGS} and {TOKENIZER} cannot be read ({reason})") from error


def side_by_side(rows: Sequence[Row]) -> Rows:
    """A batch of the rows."""
    return Rows(_padded([row.tokens for row in rows]), _padded([row.ngrams for row in rows]))


def _padded(rows: Sequence[NDArray[np.int32]]) -> Tensor:
    numbers = torch.full((len(rows), max(map(len, rows), default=0)), PAD, dtype=torch.int64)
    for number, row in enumerate(rows):
        numbers[number, : len(row)] = torch.from_numpy(row)
    return numbers
