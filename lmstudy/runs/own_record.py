"""A record of no run: what a command found out once, such as a verification."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmstudy.runs.identity import NUMERICS, digest
from lmstudy.runs.provenance import Clock, circumstances
from lmstudy.runs.records import Record


def keep(
    kind: str, rows: Sequence[Any], runs: Path, clock: Clock, *, config: Mapping[str, Any], seed: int | None = None
) -> Record:
    """Write what was found into a folder of its own in a folder of runs, and say on stderr where.

    Args:
        kind: of the record, and the beginning of its name, behind which its time stands.
        rows: what was found; values that JSON has.
        runs: the folder of runs.
        clock: since the work began.
        config: what was asked for.
        seed: of what was drawn; None where nothing was.

    Raises:
        OSError: it cannot be written.
    """
    record = Record(
        id=digest(rows, clock.started), kind=kind, name=f"{kind}-{clock.stamp}", config=dict(config), seed=seed,
        data="none", numerics=NUMERICS, samples=list(rows), **circumstances(clock),
    )  # fmt: skip
    path = runs / f"{record.name}-{record.id}" / "record.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    print(f"kept as {record.write(path)}", file=sys.stderr)
    return record
