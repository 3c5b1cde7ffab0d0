"""What the tests of several workloads share: a tiny corpus's settings, and a contest that was never held."""

from lmstudy.benchmark.contest import Account, Block, Contest
from lmstudy.benchmark.result import Bench
from lmstudy.study.needs import compose_config
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
