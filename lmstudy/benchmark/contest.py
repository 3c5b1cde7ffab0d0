"""A contest: contenders take turns at the same work, each in a process of its own.

A process of its own gives each contender its own peak memory and its own allocator settings. Only one works at
any time, the others wait at a pipe. Timings on shared machines drift; contenders that alternate drift together,
so that the ratio of two blocks of one round means more than either of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from lmstudy.benchmark.processes import Worker
from lmstudy.errors import StudyError
from lmstudy.progress import ProgressLine

REFERENCE_SECONDS = 0.3
"""Least length of the matrix products before a round."""
TOLERANCE = 0.02
"""Largest difference of two contenders' numbers of parameters, as a share."""


class Block(NamedTuple):
    """Work done, and how long it took."""

    seconds: float
    units: float


class Contender(Protocol):
    """What a factory builds in its process. All of it may be plain Python; it never sees the pipe."""

    facts: dict[str, Any]
    """What it is, in JSON's types: "parameters", "shape", ...; read after building and again at the end."""

    def block(self) -> float | Block:
        """Do one piece of work, such as a training step, and return its units (tokens, documents, ...).

        It is called again and again until the block is as long as asked for. One that must leave something
        out of the time returns a `Block` with its own seconds.
        """
        ...


@dataclass(frozen=True)
class Entry:
    """A contender before it is built: `factory`, a dotted path, is called with `settings` in the process.

    Settings travel to the process by pickle: numbers, strings, numpy arrays; no tensors.
    """

    name: str
    factory: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Account:
    """What one contender did.

    Memory is the resident memory of its process in bytes: before it was built (imports done), and at its peak.
    """

    facts: dict[str, Any]
    memory_before: float
    memory_peak: float = 0.0
    blocks: list[Block] = field(default_factory=list)

    def rates(self) -> np.ndarray:
        """[rounds] units per second."""
        return np.array([block.units / block.seconds for block in self.blocks])


@dataclass
class Contest:
    """What happened. Accounts by name, in the order of the entries; one block a round in each."""

    accounts: dict[str, Account]
    machine: Account
    """Matrix products in FLOPs before each round: see `lmstudy.benchmark.machine`."""
    order: list[list[str]]
    """Who worked when: names, a list a round."""
    threads: int


Check = Callable[[Mapping[str, Mapping[str, Any]]], None]
"""Called with the facts of all contenders by name before the first round; raises StudyError to refuse."""


def comparable(facts: Mapping[str, Mapping[str, Any]]) -> None:
    """A `Check`: all contenders have equal shapes, and numbers of parameters within 2 %."""
    (first, ours), *others = facts.items()
    for name, theirs in others:
        if theirs["shape"] != ours["shape"]:
            raise StudyError(f"not comparable: batches of {first} are {ours['shape']}, of {name} {theirs['shape']}")
        a, b = ours["parameters"], theirs["parameters"]
        if abs(a - b) > TOLERANCE * a:
            raise StudyError(
                f"not comparable: {first} has {a:,} parameters and {name} {b:,}; they may differ by {TOLERANCE:.0%}"
            )


def rotated(names: Sequence[str], round_number: int) -> list[str]:
    """The order of a round: everyone moves up by one, so that nobody always works right after the same other."""
    start = round_number % len(names)
    return [*names[start:], *names[:start]]


def hold(
    entries: Sequence[Entry], *, rounds: int, threads: int, seconds: float = 1.0, check: Check | None = None
) -> Contest:
    """Build every contender, warm it up with a block that does not count, then let them alternate.

    A block repeats `Contender.block` for at least `seconds`; 0 calls it once. A line a round goes to stderr.

    Raises:
        StudyError: a contender fails (the message names it and the cause), or `check` refuses. No process
            is left behind, however this ends.
    """
    machine = Entry("machine", "lmstudy.benchmark.machine.MatrixProduct")
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for entry in (machine, *entries):
            with ProgressLine(f"build {entry.name}", sys.stderr):
                worker = stack.enter_context(Worker(entry.name, entry.factory, entry.settings, threads))
                worker.block(seconds)
            workers[entry.name] = worker
        accounts = {name: Account(worker.facts, worker.memory_before) for name, worker in workers.items()}
        if check:
            check({entry.name: accounts[entry.name].facts for entry in entries})
        order = [rotated([entry.name for entry in entries], number) for number in range(rounds)]
        for number, names in enumerate(order, start=1):
            with ProgressLine(f"round {number}/{rounds}", sys.stderr) as line:
                for name in ("machine", *names):
                    line.update(name)
                    least = min(REFERENCE_SECONDS, seconds) if name == "machine" else seconds
                    accounts[name].blocks.append(Block(*workers[name].block(least)))
                line.update("done")
        for name, worker in workers.items():
            accounts[name].facts, accounts[name].memory_peak = worker.finish()
    return Contest({entry.name: accounts[entry.name] for entry in entries}, accounts["machine"], order, threads)
