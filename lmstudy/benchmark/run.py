"""One benchmark from configuration to lines on stdout and a record."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmstudy.benchmark.peers import All, Peer, taking_part
from lmstudy.benchmark.ratios import TOO_NOISY, named
from lmstudy.benchmark.result import Bench, Line, Result, Workload, table
from lmstudy.config import BenchmarkConfig, build, check
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.identity import NUMERICS
from lmstudy.runs.records import Record


def run(config: Mapping[str, Any]) -> Record:
    """Measure what a resolved configuration describes, print its lines, write and return its record.

    Raises:
        StudyError: the configuration is wrong, a peer is missing or not comparable, or a contender fails.
    """
    typed = check(BenchmarkConfig, config)
    workload: Workload = build(typed.workload, "workload")
    chosen: Peer | All = build(typed.peer, "peer")
    peers = taking_part(chosen, workload.name, _tell)
    threads = typed.threads or cores()
    if threads > cores():
        raise StudyError(
            f"threads={threads}: this process may use {cores()} cores, and more threads wait for each other"
        )
    bench = Bench(typed.rounds, threads, typed.seconds, typed.data, peers, _tell)
    clock = provenance.Clock()
    result = workload.run(bench)
    record = _record(dict(config), workload.name, threads, result, clock)
    path = record.write(Path(typed.runs) / f"{record.name}-{record.id}" / "record.json")
    if typed.format == "json":
        for line in result.lines:
            print(line.to_json(workload.name))
    else:
        print(table(result.lines))
    for note in result.notes:
        _tell(note)
    if verdict := noise(result.lines):
        print(verdict, file=sys.stderr if typed.format == "json" else sys.stdout)
    _tell(f"{record.name}: finished, {path}")
    return record


def noise(lines: Sequence[Line]) -> str | None:
    """The sentence about lines that noise leaves open, or None. Where there are ratios, only they matter."""
    judged = [line for line in lines if line.peer] or lines
    doubtful = [f"{line.measure} of {line.contender}{f' against {line.peer}' if line.peer else ''}"
                for line in judged if not line.conclusive]  # fmt: skip
    return f"{TOO_NOISY}: {', '.join(doubtful)}" if doubtful else None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _record(config: dict[str, Any], workload: str, threads: int, result: Result, clock: provenance.Clock) -> Record:
    if not result.lines:
        raise StudyError(f"workload={workload} found nothing to report")
    digest = hashlib.sha256(json.dumps([config, clock.started], sort_keys=True, default=str).encode())
    stamp = clock.started.replace("-", "").replace(":", "").replace("T", "-").removesuffix("Z")
    verdict = noise(result.lines)
    notes = [*result.notes, *([verdict] if verdict else [])]
    return Record(
        id=digest.hexdigest()[:16],
        kind="benchmark",
        name=f"{workload}-{stamp}",
        config=config | {"threads": threads},
        seed=None,
        data=result.data,
        numerics=NUMERICS,
        **provenance.circumstances(clock),
        metrics=named(result.lines) | result.metrics,
        curves=result.curves,  # type: ignore[arg-type]
        samples=[{"lines": [json.loads(line.to_json(workload)) for line in result.lines]}, *result.samples],
        notes="\n".join(notes),
    )


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
