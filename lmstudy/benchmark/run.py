"""One benchmark from configuration to lines on stdout and a record."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lmstudy.benchmark.peers import All, Peer, taking_part
from lmstudy.benchmark.ratios import TOO_NOISY, named
from lmstudy.benchmark.result import Bench, Line, Result, Workload, table
from lmstudy.config import BenchmarkConfig, build, check
from lmstudy.data.corpus import to_stderr
from lmstudy.data.parallel import processors
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.identity import digest
from lmstudy.runs.lifecycle import Work, record
from lmstudy.runs.records import Findings, Record


def run(config: Mapping[str, Any]) -> Record:
    """Measure what a resolved configuration describes, print its lines, write and return its record.

    Raises:
        StudyError: the configuration is wrong, a peer is missing or not comparable, or a contender fails.
    """
    typed = check(BenchmarkConfig, config)
    workload: Workload = build(typed.workload, "workload")
    chosen: Peer | All = build(typed.peer, "peer")
    peers = taking_part(chosen, workload.name, to_stderr)
    threads = typed.threads or processors()
    if threads > processors():
        raise StudyError(
            f"threads={threads}: this process may use {processors()} cores, and more threads wait for each other"
        )
    bench = Bench(typed.rounds, threads, typed.seconds, typed.data, peers, to_stderr)
    clock = provenance.Clock()
    result = workload.run(bench)
    work = _work(dict(config), workload.name, typed, threads, result.data, clock)
    made = record(work, clock, _found(workload.name, result))
    made.write(work.record_path)
    if typed.format == "json":
        for line in result.lines:
            print(line.to_json(workload.name))
    else:
        print(table(result.lines))
    for note in result.notes:
        to_stderr(note)
    if verdict := noise(result.lines):
        print(verdict, file=sys.stderr if typed.format == "json" else sys.stdout)
    to_stderr(f"{made.name}: finished, {work.record_path}")
    return made


def noise(lines: Sequence[Line]) -> str | None:
    """The sentence about lines that noise leaves open, or None. Where there are ratios, only they matter."""
    judged = [line for line in lines if line.peer] or lines
    doubtful = [f"{line.measure} of {line.contender}{f' against {line.peer}' if line.peer else ''}"
                for line in judged if not line.conclusive]  # fmt: skip
    return f"{TOO_NOISY}: {', '.join(doubtful)}" if doubtful else None


def _work(
    config: dict[str, Any], workload: str, typed: BenchmarkConfig, threads: int, data: str, clock: provenance.Clock
) -> Work:
    return Work(
        kind="benchmark",
        id=digest(config, clock.started),
        name=f"{workload}-{clock.stamp}",
        config=config | {"threads": threads},
        typed=typed,
        data=data,
    )


def _found(workload: str, result: Result) -> Findings:
    if not result.lines:
        raise StudyError(f"workload={workload} found nothing to report")
    verdict = noise(result.lines)
    return Findings(
        metrics=named(result.lines) | result.metrics,
        samples=[{"lines": [json.loads(line.to_json(workload)) for line in result.lines]}, *result.samples],
        curves=dict(result.curves),
        notes="\n".join([*result.notes, *([verdict] if verdict else [])]),
    )
