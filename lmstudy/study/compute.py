"""Arithmetic behind a training, from its record."""

from typing import Any

from lmstudy.runs.records import Record


def operations_per_token(record: Record) -> float:
    """Floating-point operations of training, a target token of a full batch, from a record's configuration."""
    from lmstudy.models.flops import TRAINING
    from lmstudy.models.network import unbuilt

    config: Any = record.config
    budget = config["budget"]
    forward = unbuilt(config).forward_flops(budget["rows"], budget["encoder_length"], budget["decoder_length"])
    return float(TRAINING * forward / (budget["rows"] * budget["decoder_length"]))


def operations(record: Record) -> float:
    """Floating-point operations of a whole training."""
    return operations_per_token(record) * record.metrics["train/tokens"]
