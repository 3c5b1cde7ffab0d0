"""A baseline as a record: made once, found again."""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lmstudy.runs.identity import NUMERICS
from lmstudy.runs.records import Record, load


def recorded(
    content: Mapping[str, Any], data: str, name: str, runs: str, measure: Callable[[dict[str, Any]], Record]
) -> Record:
    """The record of what `content` describes, on data of this fingerprint; made by `measure` if there is none.

    `measure` is given the fields `id`, `name` and `config`.
    """
    digest = hashlib.sha256(json.dumps([content, data, NUMERICS], sort_keys=True).encode())
    run = digest.hexdigest()[:16]
    path = Path(runs) / f"{name}-{run}" / "record.json"
    if path.exists():
        print(f"{name}: record {run} exists, nothing to fit", file=sys.stderr)
        return load(path)
    record = measure({"id": run, "name": name, "config": dict(content)})
    record.write(path)
    print(f"{name}: finished, {path}", file=sys.stderr)
    return record
