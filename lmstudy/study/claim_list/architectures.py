"""Claims of the chapter that compares architectures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lmstudy.study.claim_list.article import BITS, trained
from lmstudy.study.claims import claim, require

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


@claim(
    id="architectures.attention_vs_code",
    chapter=CHAPTER,
    unit=BITS,
    sentence="Attention lowers what the LSTM needs for held-out text.",
    holds=lambda e: e.low > 0,
    expected=False,
)
def attention_vs_code(records: Sequence[Record]) -> Estimate:
    return _difference(records, "lstm", "lstm_attention")


@claim(
    id="architectures.reading_code_vs_attention",
    chapter=CHAPTER,
    unit=BITS,
    sentence="After reading 96 tokens, the LSTM with a code of fixed length needs more for the next 64 than the one "
    "with attention.",
    holds=lambda e: e.low > 0,
    expected=False,
)
def reading_code_vs_attention(records: Sequence[Record]) -> Estimate:
    return _read(records, "lstm", 96, "lstm_attention", 96)


@claim(
    id="architectures.reading_helps_code",
    chapter=CHAPTER,
    unit=BITS,
    sentence="Reading 96 tokens instead of none lowers what the LSTM with a code of fixed length needs for the 64 "
    "behind them.",
    holds=lambda e: e.low > 0,
)
def reading_helps_code(records: Sequence[Record]) -> Estimate:
    return _read(records, "lstm", 0, "lstm", 96)


@claim(
    id="architectures.copy_short",
    chapter=CHAPTER,
    unit="percentage points",
    spec=".1f",
    sentence="Of 4 tokens, the LSTM with attention repeats a larger share than the one with a code of fixed length.",
    holds=lambda e: e.low > 0,
)
def copy_short(records: Sequence[Record]) -> Estimate:
    return _copied(records, 4)


@claim(
    id="architectures.copy_long",
    chapter=CHAPTER,
    unit="percentage points",
    spec=".1f",
    sentence="Of 95 tokens, the LSTM with attention repeats a larger share than the one with a code of fixed length.",
    holds=lambda e: e.low > 0,
)
def copy_long(records: Sequence[Record]) -> Estimate:
    return _copied(records, 95)


@claim(
    id="architectures.copy_loss_with_length",
    chapter=CHAPTER,
    unit="percentage points",
    spec=".1f",
    sentence="The LSTM with a code of fixed length repeats a smaller share of a long text than of a short one.",
    holds=lambda e: e.low > 0,
)
def copy_loss_with_length(records: Sequence[Record]) -> Estimate:
    from lmstudy.study.group_counts import group_counts

    found = _evaluations(records, "copy_lstm", "brief", "copy")
    return _points(group_counts(found, "reading/4/accuracy"), group_counts(found, "reading/95/accuracy"))


def _evaluations(records: Sequence[Record], experiment: str, budget: str, task: str) -> list[Record]:
    conditions = {
        "kind": "evaluation",
        "config.measure.name": "reading",
        "config.measure.task": task,
        "config.run.config.experiment": experiment,
        "config.run.config.budget.name": budget,
    }
    return require(records, **conditions)


def _read(records: Sequence[Record], arm: str, read: int, reference: str, reference_read: int) -> Estimate:
    """Bits per byte of the same targets: an arm after reading so many tokens minus another."""
    from lmstudy.evaluation.statistics import paired_difference
    from lmstudy.study.group_counts import group_counts

    first = _evaluations(records, arm, "quick", "continue")
    second = _evaluations(records, reference, "quick", "continue")
    return paired_difference(group_counts(first, f"reading/{read}"), group_counts(second, f"reading/{reference_read}"))


def _copied(records: Sequence[Record], length: int) -> Estimate:
    """Share of tokens that the LSTM with attention repeats minus that of the one without, in percentage points."""
    from lmstudy.study.group_counts import group_counts

    arms = [_evaluations(records, name, "brief", "copy") for name in ("copy_lstm_attention", "copy_lstm")]
    return _points(*(group_counts(arm, f"reading/{length}/accuracy") for arm in arms))


def _points(first: Any, second: Any) -> Estimate:
    from lmstudy.evaluation.statistics import paired_difference

    return paired_difference(first * [100, 1], second * [100, 1])
