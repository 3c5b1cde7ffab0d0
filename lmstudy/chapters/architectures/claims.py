"""Claims of the chapter that compares architectures."""

from __future__ import annotations

from functools import partial

import numpy as np

from lmstudy.chapters.architectures.architectures import ARMS, BEST, COPIED, COPY_BUDGET, tried
from lmstudy.evaluation.statistics import paired_difference
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import group_counts, more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above

in_bits = partial(claim, chapter="notebooks/07_architectures", unit="bits per byte")
in_points = partial(claim, chapter="notebooks/07_architectures", unit="percentage points")

Arm = tuple[str, int]
"""An experiment, and how many tokens its encoder reads."""
COMPARED = {ARMS[name]: tried(name, rate) for name, rate in BEST.items()}
"""How the runs of an experiment are asked for, each at its best rate."""


def _more_bits(arm: str, reference: str) -> Compute:
    """Bits per byte of an experiment minus those of another."""
    return lambda shelf: more_bits(shelf.trained(*COMPARED[arm]), shelf.trained(*COMPARED[reference]))


def _after_reading(measure: tuple[str, ...], split: str, scale: int, arm: Arm, reference: Arm) -> Compute:
    """`scale` times an arm's "reading/TOKENS`split`" minus that of another, paired by seed and document."""

    def counts(shelf: Shelf, experiment: str, tokens: int) -> np.ndarray:
        runs = COMPARED.get(experiment, (f"experiment={experiment}", f"budget={COPY_BUDGET}"))
        found = shelf.measured(shelf.trained(*runs), *measure)
        return group_counts(found, f"reading/{tokens}{split}") * [scale, 1]

    return lambda shelf: paired_difference(counts(shelf, *arm), counts(shelf, *reference))


_bits = partial(_after_reading, ("measure=reading",), "", 1)
"""Bits per byte of the same targets."""
_copied = partial(_after_reading, COPIED, "/accuracy", 100)
"""Percentage points of the tokens read that are repeated."""

# fmt: off
in_bits("The LSTM with attention needs more bits per byte than the Transformer.",
        "architectures.lstm_attention_vs_transformer", _more_bits("lstm_attention", "first_model"), above(0))
in_bits("The LSTM with a code of fixed length needs more bits per byte than the Transformer.",
        "architectures.lstm_vs_transformer", _more_bits("lstm", "first_model"), above(0))
in_bits("Fully connected layers, one token at a time, need more bits per byte than the Transformer.",
        "architectures.dense_vs_transformer", _more_bits("dense_wide", "first_model"), above(0))
in_bits("Attention lowers the bits per byte that the LSTM needs for held-out text.",
        "architectures.attention_vs_code", _more_bits("lstm", "lstm_attention"), above(0), outcome=UNDECIDED)
in_bits("After reading 96 tokens, the LSTM with a code of fixed length needs more bits for the next 64 than the one "
        "with attention.",
        "architectures.reading_code_vs_attention", _bits(("lstm", 96), ("lstm_attention", 96)), above(0),
        outcome=UNDECIDED)
in_bits("Reading 96 tokens instead of none lowers the bits that the LSTM with a code of fixed length needs for the "
        "next 64.", "architectures.reading_helps_code", _bits(("lstm", 0), ("lstm", 96)), above(0))
in_points("Of 4 tokens, the LSTM with attention repeats a larger share than the one with a code of fixed length.",
          "architectures.copy_short", _copied(("copy_lstm_attention", 4), ("copy_lstm", 4)), above(0),
          outcome=UNDECIDED)
in_points("Of 95 tokens, the LSTM with attention repeats a larger share than the one with a code of fixed length.",
          "architectures.copy_long", _copied(("copy_lstm_attention", 95), ("copy_lstm", 95)), above(0),
          outcome=UNDECIDED)
in_points("The LSTM with a code of fixed length repeats a smaller share of a long text than of a short one.",
          "architectures.copy_loss_with_length", _copied(("copy_lstm", 4), ("copy_lstm", 95)), above(0),
          outcome=UNDECIDED)
