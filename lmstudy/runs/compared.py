"""Finished runs side by side: in what their configurations differ, and what each reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.runs.identity import FREE
from lmstudy.runs.records import Record

ABSENT = "-"
"""Stands for a key or a metric that a record does not have."""


def flat(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Keys of a configuration as they are typed, such as "optimizer.lr", with their values."""
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            yield from flat(value, f"{key}.{name}" if key else str(name))
    else:
        yield key, node


def differences(records: Sequence[Record]) -> dict[str, list[Any]]:
    """Values of the records' configurations by key, of the keys in which they differ; what decides no result is left
    out."""
    configs = [dict(flat(record.config)) for record in records]
    keys = [key for key in dict.fromkeys(key for config in configs for key in config) if key not in FREE[""]]
    rows = {key: [config.get(key, ABSENT) for config in configs] for key in keys}
    rows = {"kind": [record.kind for record in records], **rows, "data (fingerprint)": [r.data for r in records]}
    return {key: values for key, values in rows.items() if any(value != values[0] for value in values)}


def metrics(records: Sequence[Record]) -> dict[str, list[Any]]:
    """Metrics of the records by name, of all that one of them has, and the seconds that each took."""
    names = dict.fromkeys(name for record in records for name in record.metrics)
    rows: dict[str, list[Any]] = {name: [r.metrics.get(name, ABSENT) for r in records] for name in names}
    return {**rows, "seconds": [round(record.wall_seconds, 1) for record in records]}


def compared(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Rows of a table: "part" ("config" or "metric"), "key", and a value for each record by NAME-ID.

    Raises:
        StudyError: fewer than two records, or one twice.
    """
    names = [f"{record.name}-{record.id}" for record in records]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise StudyError("--compare takes two or more runs that differ")
    parts = (("config", differences(records)), ("metric", metrics(records)))
    return [
        {"part": part, "key": key, **dict(zip(names, values, strict=True))}
        for part, rows in parts
        for key, values in rows.items()
    ]
