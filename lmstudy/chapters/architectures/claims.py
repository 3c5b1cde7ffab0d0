"""Claims of the chapter that compares architectures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from lmstudy.evaluation.statistics import paired_difference
from lmstudy.runs.records import Record
from lmstudy.study.claim_arms import BITS, difference, measured
from lmstudy.study.claims import Compute, claim
from lmstudy.study.group_counts import group_counts

in_bits = partial(claim, chapter="notebooks/07_architectures", unit=BITS)
in_points = partial(claim, chapter="notebooks/07_architectures", unit="percentage points", spec=".1f")

Arm = tuple[str, int]
"""An experiment, and how many tokens its encoder reads."""


def _after_reading(task: str, budget: str, split: str, scale: int, arm: Arm, reference: Arm) -> Compute:
    """`scale` times what an arm gets on "reading/TOKENS`split`" minus what another gets, paired as `difference` is."""

    def counts(records: Sequence[Record], experiment: str, tokens: int) -> np.ndarray:
        found = measured(records, experiment, budget, "reading", **{"config.measure.task": task})
        return group_counts(found, f"reading/{tokens}{split}") * [scale, 1]

    return lambda records: paired_difference(counts(records, *arm), counts(records, *reference))


_bits = partial(_after_reading, "continue", "quick", "", 1)
"""Bits per byte of the same targets."""
_copied = partial(_after_reading, "copy", "brief", "/accuracy", 100)
"""Percentage points of the tokens read that are repeated."""


in_bits(
    id="architectures.lstm_attention_vs_transformer",
    sentence="The LSTM with attention needs more bits per byte than the Transformer.",
    holds=lambda e: e.low > 0,
)(difference("lstm_attention", "first_model", "quick"))


in_bits(
    id="architectures.lstm_vs_transformer",
    sentence="The LSTM with a code of fixed length needs more bits per byte than the Transformer.",
    holds=lambda e: e.low > 0,
)(difference("lstm", "first_model", "quick"))


in_bits(
    id="architectures.dense_vs_transformer",
    sentence="Fully connected layers, one token at a time, need more bits per byte than the Transformer.",
    holds=lambda e: e.low > 0,
)(difference("dense_wide", "first_model", "quick"))


in_bits(
    id="architectures.attention_vs_code",
    sentence="Attention lowers what the LSTM needs for held-out text.",
    holds=lambda e: e.low > 0,
    expected=False,
)(difference("lstm", "lstm_attention", "quick"))


in_bits(
    id="architectures.reading_code_vs_attention",
    sentence="After reading 96 tokens, the LSTM with a code of fixed length needs more for the next 64 than the one "
    "with attention.",
    holds=lambda e: e.low > 0,
    expected=False,
)(_bits(("lstm", 96), ("lstm_attention", 96)))


in_bits(
    id="architectures.reading_helps_code",
    sentence="Reading 96 tokens instead of none lowers what the LSTM with a code of fixed length needs for the 64 "
    "behind them.",
    holds=lambda e: e.low > 0,
)(_bits(("lstm", 0), ("lstm", 96)))


in_points(
    id="architectures.copy_short",
    sentence="Of 4 tokens, the LSTM with attention repeats a larger share than the one with a code of fixed length.",
    holds=lambda e: e.low > 0,
)(_copied(("copy_lstm_attention", 4), ("copy_lstm", 4)))


in_points(
    id="architectures.copy_long",
    sentence="Of 95 tokens, the LSTM with attention repeats a larger share than the one with a code of fixed length.",
    holds=lambda e: e.low > 0,
)(_copied(("copy_lstm_attention", 95), ("copy_lstm", 95)))


in_points(
    id="architectures.copy_loss_with_length",
    sentence="The LSTM with a code of fixed length repeats a smaller share of a long text than of a short one.",
    holds=lambda e: e.low > 0,
)(_copied(("copy_lstm", 4), ("copy_lstm", 95)))
