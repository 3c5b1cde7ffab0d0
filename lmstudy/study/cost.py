"""What the study cost: hours of one core behind the published records."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from lmstudy.runs.records import Record

RUNS_BEHIND = "runs behind a benchmark"


def hours_by_kind(records: Sequence[Record]) -> dict[str, float]:
    """Hours of one core by kind of record; a run that a benchmark trained and keeps as a curve alone counts apart."""
    hours: dict[str, float] = defaultdict(float)
    for record in records:
        config: Any = record.config
        cores = float(config.get("trainer", {}).get("threads") or record.hardware.get("cores") or 1)  # type: ignore[arg-type]
        alone = record.wall_seconds - record.metrics.get("train/shared_seconds", 0.0)  # of a shorter training's time
        hours[record.kind] += alone / 3600 * cores
        for sample in record.samples:
            if record.kind == "benchmark" and isinstance(sample, dict) and sample.get("minutes"):
                hours[RUNS_BEHIND] += float(sample["minutes"]) / 60 * cores  # type: ignore[arg-type]
    return dict(hours)
