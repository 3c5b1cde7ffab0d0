"""The segments of prepared documents, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from lmstudy.data import tables
from lmstudy.data.tokenizer import token_bytes

if TYPE_CHECKING:
    import datasets


def segments(text: str, tokens: Sequence[int], starts: Sequence[int], sizes: NDArray[np.int32]) -> list[str]:
    """The segments of a document, which the tokens of its own corpus tell, whatever its source takes for one.

    Args:
        text: the document.
        tokens: its ids in its own corpus.
        starts: index in `tokens` at which each segment begins.
        sizes: [V] bytes each of these ids stands for.
    """
    content = text.encode()
    ends = np.concatenate([[0], np.cumsum(sizes[np.asarray(tokens, dtype=np.int64)])])
    assert ends[-1] == len(content)
    borders = [*ends[np.asarray(starts, dtype=np.int64)].tolist(), len(content)]
    return [content[start:stop].decode() for start, stop in pairwise(borders)]


def segmented(rows: datasets.Dataset, tokenizer: Tokenizer) -> Iterator[list[list[str]]]:
    """The documents of a split as lists of segments, a batch of rows at a time."""
    sizes = token_bytes(tokenizer)
    for batch in tables.batches(rows.select_columns(["text", "tokens", "starts"])):
        columns = zip(batch["text"], batch["tokens"], batch["starts"], strict=True)
        yield [segments(*document, sizes) for document in columns]
