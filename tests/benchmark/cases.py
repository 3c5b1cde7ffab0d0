"""What the tests of several workloads share: a tiny corpus, a contest that was never held, quick workers."""

import pickle
from contextlib import ExitStack
from typing import Any

import numpy as np

from lmstudy.benchmark import processes
from lmstudy.benchmark.contest import Account, Block, Contest
from lmstudy.benchmark.processes import peak_bytes
from lmstudy.benchmark.result import Bench
from lmstudy.compose import compose_config
from tests.conftest import TINY
from tests.data.fake_documents import FakeDocuments

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


class Store(FakeDocuments):
    """Forty documents of tokens that are never special."""

    def __init__(self) -> None:
        super().__init__(np.random.default_rng(0).integers(5, 40, 40).tolist())

    def flat(self, index):
        return np.concatenate([self.tokens(i) for i in index]), None


class WorkerHere(ExitStack):
    """A worker without a process: the same contender and the same answers, minus the seconds that imports take.

    Settings and facts are pickled, as they are on their way to a process and back. The machine multiplies small
    matrices.
    """

    def __init__(self, name: str, factory: str, settings: dict[str, Any], threads: int) -> None:
        super().__init__()
        given = {"size": 64} if name == "machine" else pickle.loads(pickle.dumps(settings))
        self.contender, self.memory_before = processes.build_contender(factory, given, threads)

    @property
    def facts(self) -> dict[str, Any]:
        return pickle.loads(pickle.dumps(self.contender.facts))

    def block(self, seconds: float) -> tuple[float, float]:
        return processes.work(self.contender, seconds)

    def finish(self) -> tuple[dict[str, Any], float]:
        return self.facts, peak_bytes()


class WorkerBesideACounter(processes.Worker):
    """A worker in a process; only the machine counts numbers instead of multiplying matrices, which needs no torch."""

    def __init__(self, name: str, factory: str, settings: dict[str, Any], threads: int) -> None:
        if name == "machine":
            factory, settings = "tests.benchmark.trivial.Counter", {"name": name, "work": 1000}
        super().__init__(name, factory, settings, threads)
