"""What a workload is given, what it hands back, and what is printed of it.

A workload is one class and one YAML. `conf/workload/NAME.yaml` names the class in `_target_` and spells out
every argument of its constructor; the class (a frozen dataclass) has the class attribute `name`, which is NAME,
and `run(bench) -> Result`. Nothing else needs to know of it. The command prints and records its `Result`.

A peer is one YAML in `conf/peer`: which package it needs, and the factory of its contender for each workload it
takes part in (see `lmstudy.benchmark.peers.Peer`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self

from lmstudy.benchmark.contest import Check, Contest, Entry, hold
from lmstudy.benchmark.peers import Peer
from lmstudy.evaluation.statistics import Estimate

HEAD = ("contender", "against", "measure", "", "95 % interval", "unit", "")


@dataclass(frozen=True)
class Line:
    """One thing found: a ratio of this package to a peer, or a value without a peer.

    A line with a `peer` has a `ratio`, one without has a `value`. An interval that is unknown is None.
    """

    measure: str
    """What was measured: "tokens_per_second", "peak_memory", ..."""
    unit: str
    """Of both sides of a ratio, or of the value: "tokens/s", "MiB", ..."""
    peer: str | None = None
    contender: str = "lmstudy"
    ratio: float | None = None
    """`contender` divided by `peer`"""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    """95 % interval of the ratio or the value"""
    rounds: int | None = None
    better: Literal["higher", "lower"] | None = None
    conclusive: bool = True
    """False where the machine was too noisy for the number to mean much."""

    @classmethod
    def of(cls, measure: str, unit: str, found: Estimate, **others: Any) -> Self:
        """The line of an estimate: its value, or with a `peer` its ratio, and its interval where that is known."""
        low, high = (None if math.isnan(end) else end for end in (found.low, found.high))
        others["value" if others.get("peer") is None else "ratio"] = found.value
        return cls(measure, unit, low=low, high=high, **others)

    def to_json(self, workload: str) -> str:
        """One JSON object with the same keys for every line; what is unknown or not finite is null."""
        keys = ("peer", "ratio", "low", "high", "measure", "unit", "value", "contender", "rounds", "better")
        content = {"workload": workload, **{key: _finite(getattr(self, key)) for key in keys}}
        return json.dumps({**content, "conclusive": self.conclusive})


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(lines: Sequence[Line]) -> str:
    """Aligned columns, ratios as "1.23 x"; a line that is not conclusive says so."""
    rows = [HEAD, *(_row(line) for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    right = {3, 4}
    shown = [
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(row.rstrip() for row in shown)


def _row(line: Line) -> tuple[str, ...]:
    interval = "" if line.low is None or line.high is None else f"{_number(line.low)} to {_number(line.high)}"
    value = _number(line.value) if line.ratio is None else f"{_number(line.ratio)} x"
    verdict = "" if line.conclusive else "too noisy"
    return line.contender, line.peer or "", line.measure, value, interval, line.unit, verdict


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


@dataclass
class Result:
    """What a workload found.

    `lines` are printed in this order, so the first is the workload's main measure. `curves` and `samples` hold
    raw numbers from which every ratio can be computed again; they and `metrics` go into the record as they are.
    """

    lines: list[Line]
    metrics: dict[str, float] = field(default_factory=dict)
    """Such as "hf_t5/ratio/tokens_per_second", with ".../low" and ".../high", or "lmstudy/utilisation"."""
    curves: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    """{"lmstudy/tokens_per_second": {"step": [1, 2, ...], "value": [...]}}: a value a round."""
    samples: list[Any] = field(default_factory=list)
    """Anything else worth keeping: what each contender is, its raw blocks."""
    data: str = "none"
    """Fingerprint of the corpus, where one was used."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the user, shown under the numbers and kept in the record."""


@dataclass(frozen=True)
class Bench:
    """What the command gives a workload."""

    rounds: int
    threads: int
    """Threads of every contender"""
    seconds: float
    """Least length of a block"""
    data: dict[str, Any]
    """The `data` group: what `lmstudy.data.corpus.prepare` takes"""
    peers: Sequence[Peer]
    """Those that were asked for, take part in this workload, and are installed"""
    tell: Callable[[str], None]
    """Says one line to the user at once, on stderr"""

    def hold(self, entries: Sequence[Entry], check: Check | None = None) -> Contest:
        """`lmstudy.benchmark.contest.hold` with these rounds, threads and seconds."""
        return hold(entries, rounds=self.rounds, threads=self.threads, seconds=self.seconds, check=check)

    def peer_entries(self, workload: str, given: dict[str, Any]) -> list[Entry]:
        """The peers' contenders for a workload, all given the same."""
        return [Entry(peer.name, peer.contenders[workload], given) for peer in self.peers]


class Workload(Protocol):
    """Something to measure. See the head of this module."""

    name: ClassVar[str]

    def run(self, bench: Bench) -> Result:
        """Measure. Raises StudyError when something is missing or not comparable."""
        ...
