"""The packed batch that every model, objective and metric of the study reads."""

from typing import NamedTuple

from torch import Tensor

IGNORE = -100
"""Label of positions that carry no loss (PyTorch's default `ignore_index`)."""


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
