"""Settings that several workloads have in common, and how they are checked."""

from dataclasses import dataclass, fields
from typing import Any

from lmstudy.errors import StudyError


@dataclass(frozen=True)
class Network:
    """A Transformer encoder-decoder: widths, and the layers of both stacks. Every contender is given them."""

    d_model: int
    heads: int
    d_ff: int
    encoder_layers: int
    decoder_layers: int

    @property
    def sizes(self) -> dict[str, int]:
        """These settings alone, whatever else a workload has."""
        return {field.name: getattr(self, field.name) for field in fields(Network)}


@dataclass(frozen=True)
class Rows:
    """Shape of a batch (see `lmstudy.data.batch.Shape`)."""

    rows: int
    encoder_length: int
    decoder_length: int
    prefix_length: int

    @property
    def shape(self) -> dict[str, int]:
        """These settings alone."""
        return {field.name: getattr(self, field.name) for field in fields(Rows)}


def check_at_least(least: int, workload: Any, *keys: str) -> None:
    """Raises StudyError, with key and value, for a setting of a workload below `least`; all whole numbers if no key."""
    for key in keys or [field.name for field in fields(workload)]:
        value = getattr(workload, key)
        if isinstance(value, int) and value < least:
            raise StudyError(f"workload.{key}={value} must be at least {least}")


def check_positive(workload: Any, *keys: str) -> None:
    """Raises StudyError, with key and value, for a setting, number or list of numbers, that is not all above 0."""
    for key in keys or [field.name for field in fields(workload)]:
        value = getattr(workload, key)
        if any(each <= 0 for each in (value if isinstance(value, list) else [value])):
            raise StudyError(f"workload.{key}={value} must be positive")
