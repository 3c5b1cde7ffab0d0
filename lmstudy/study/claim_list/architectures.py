"""Claims of the chapter that compares architectures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lmstudy.study.claim_list.article import BITS, trained
from lmstudy.study.claims import claim

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.study.records import Record

CHAPTER = "notebooks/07_architectures"


@claim(
    id="architectures.lstm_attention_vs_transformer",
    chapter=CHAPTER,
    unit=BITS,
    sentence="The LSTM with attention needs more bits per byte than the Transformer.",
    holds=lambda e: e.low > 0,
)
def lstm_attention_vs_transformer(records: Sequence[Record]) -> Estimate:
    return _difference(records, "lstm_attention", "first_model")


@claim(
    id="architectures.lstm_vs_transformer",
    chapter=CHAPTER,
    unit=BITS,
    sentence="The LSTM with a code of fixed length needs more bits per byte than the Transformer.",
    holds=lambda e: e.low > 0,
)
def lstm_vs_transformer(records: Sequence[Record]) -> Estimate:
    return _difference(records, "lstm", "first_model")


@claim(
    id="architectures.dense_vs_transformer",
    chapter=CHAPTER,
    unit=BITS,
    sentence="Fully connected layers, one token at a time, need more bits per byte than the Transformer.",
    holds=lambda e: e.low > 0,
)
def dense_vs_transformer(records: Sequence[Record]) -> Estimate:
    return _difference(records, "dense_wide", "first_model")


def _difference(records: Sequence[Record], arm: str, reference: str) -> Estimate:
    """Bits per byte of an arm minus those of another at budget quick, paired by seed and document group."""
    from lmstudy.study.comparisons import differences

    found = differences({name: trained(records, name, "quick") for name in (arm, reference)}, reference)
    return found[arm]
