"""Batches on their way from one process to another."""

from collections.abc import Sequence

import numpy as np
import torch

from lmstudy.data.batch import Seq2SeqBatch

Arrays = tuple[np.ndarray, ...]
"""The fields of a `Seq2SeqBatch` as numpy arrays, which travel to another process as they are."""


def to_batches(arrays: Sequence[Arrays]) -> list[Seq2SeqBatch]:
    """Tensors of what came from another process."""
    return [Seq2SeqBatch(*map(torch.as_tensor, fields)) for fields in arrays]
