"""What the tests of several workloads share: a tiny corpus's settings, a contest that was never held, quick workers."""

import os
import pickle
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lmstudy.benchmark import worker
from lmstudy.benchmark.contest import Account, Block, Contest
from lmstudy.benchmark.process_memory import peak_bytes
from lmstudy.benchmark.result import Bench
from lmstudy.compose import compose_config
from tests.conftest import TINY

SIZES = {"d_model": 16, "heads": 2, "d_ff": 24, "encoder_layers": 1, "decoder_layers": 1}


def tiny_data() -> dict:
    """The `data` group of `TINY`: this package's own functions."""
    return compose_config("train", TINY)["data"]


def bench(rounds: int = 2, peers: tuple = (), told: list | None = None) -> Bench:
    """Blocks as short as they come, one thread."""
    said = [] if told is None else told
    return Bench(rounds, 1, 0.0, tiny_data(), peers, said.append)


def account(seconds: list[float], units: float, **facts) -> Account:
    """A contender that did `units` in each of these times."""
    return Account({"parameters": 10, "shape": [1]} | facts, 1e6, 3e6, [Block(each, units) for each in seconds])


def contest(**accounts: Account) -> Contest:
    """A contest on a machine that never wavered."""
    rounds = len(next(iter(accounts.values())).blocks)
    machine = account([1.0] * rounds, 1e9)
    return Contest(accounts, machine, [list(accounts)] * rounds, 1)


class WorkerHere:
    """A worker without a process: the same contender and the same answers, minus the seconds that imports take.

    Settings and facts are pickled, as they are on their way to a process and back. The machine multiplies small
    matrices.
    """

    def __init__(self, name: str, factory: str, settings: dict[str, Any], threads: int) -> None:
        given = {"size": 64} if name == "machine" else pickle.loads(pickle.dumps(settings))
        self.contender, self.memory_before = worker._build(factory, given, threads)

    @property
    def facts(self) -> dict[str, Any]:
        return pickle.loads(pickle.dumps(self.contender.facts))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def block(self, seconds: float) -> tuple[float, float]:
        return worker._work(self.contender, seconds)

    def finish(self) -> tuple[dict[str, Any], float]:
        return self.facts, peak_bytes()


class WorkerBesideACounter(worker.Worker):
    """A worker in a process; only the machine counts numbers instead of multiplying matrices, which needs no torch."""

    def __init__(self, name: str, factory: str, settings: dict[str, Any], threads: int) -> None:
        if name == "machine":
            factory, settings = "tests.benchmark.trivial.Counter", {"name": name, "work": 1000}
        super().__init__(name, factory, settings, threads)


def memory_counter_error_mib() -> float:
    """By how much Linux's own counts of resident memory may be wrong, in MiB; 0 elsewhere.

    Each processor adds to a shared count only when it has a batch of max(32, 2 * processors) pages together, for
    each of three counts: own pages, those of files, shared ones (percpu_counter, since Linux 6.2; before, threads
    held back 64 pages each). So a peak that is read later may be a little smaller.
    """
    if not Path("/proc/self/status").is_file():
        return 0.0
    processors = os.cpu_count() or 1
    return 3 * processors * max(64, 2 * processors) * os.sysconf("SC_PAGE_SIZE") / 2**20
