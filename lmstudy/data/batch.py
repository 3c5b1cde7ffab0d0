"""The packed batch that every model, objective and metric of the study reads."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lmstudy.errors import StudyError

IGNORE = -100
"""Label of positions that carry no loss (PyTorch's default `ignore_index`)."""


@dataclass(frozen=True)
class Shape:
    """The global batch: its rows, and the tokens a row holds on either side.

    One example takes at most `prefix_length` tokens of the encoder's side, so that rows with a long prefix
    still have room for others.
    """

    rows: int
    encoder_length: int
    decoder_length: int
    prefix_length: int

    def __post_init__(self) -> None:
        if self.prefix_length > self.encoder_length:
            raise StudyError(
                f"budget.prefix_length={self.prefix_length} must be at most budget.encoder_length={self.encoder_length}"
            )


class Seq2SeqBatch(NamedTuple):
    """Rows of fixed shape, each holding several packed examples.

    B rows, S encoder positions, T decoder positions. `*_documents` number the examples of a row from 1;
    0 marks padding. A token attends only to tokens of the same example, so packing changes no result.
    """

    encoder_tokens: Tensor
    """[B, S] int64"""
    encoder_documents: Tensor
    """[B, S] int64, 0 is padding"""
    decoder_tokens: Tensor
    """[B, T] int64: the labels shifted right behind a start token"""
    decoder_documents: Tensor
    """[B, T] int64, 0 is padding"""
    labels: Tensor
    """[B, T] int64, `IGNORE` where nothing is to be predicted"""
    target_tokens: Tensor
    """[] int64: labels in the global batch, over all processes: the denominator of the mean loss"""
    groups: Tensor
    """[B, T] int64: the evaluation group of each label's document; all 0 in training"""
    scores: Tensor = torch.zeros(())
    """[B, T] float32: misalignment score of the segment each label belongs to; [] in batches without scores"""
