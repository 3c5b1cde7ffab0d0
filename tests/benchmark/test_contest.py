"""Contests of contenders that only count: who works when, what is kept, and what happens when one fails."""

import multiprocessing
import os
import time

import pytest
import torch

from lmstudy.benchmark.contest import Entry, hold
from lmstudy.benchmark.machine import Machine, MatrixProduct
from lmstudy.benchmark.processes import Worker
from lmstudy.errors import StudyError

pytestmark = pytest.mark.usefixtures("counting_machine")
TRIVIAL = "tests.benchmark.trivial"


def counter(name: str, **settings) -> Entry:
    return Entry(name, f"{TRIVIAL}.Counter", {"name": name, "work": 1000, **settings})


def test_contenders_alternate_in_processes_of_their_own(tmp_path, capfd):
    log = tmp_path / "log"
    names = ["a", "b", "c"]
    entries = [counter(name, log=str(log)) for name in names]
    contest = hold(entries, rounds=4, threads=1, seconds=0)
    assert contest.order == [list("abc"), list("bca"), list("cab"), list("abc")]
    assert log.read_text().split() == [*"abc", *(name for names in contest.order for name in names)]  # warm-up first
    assert list(contest.accounts) == names
    for account in contest.accounts.values():
        assert len(account.blocks) == 4
        assert all(block.units == 1000 and block.seconds > 0 for block in account.blocks)
        assert account.facts["threads"] == "1"
        assert account.facts["sum"] == 499_500  # facts are read again at the end
    processes = {account.facts["process"] for account in contest.accounts.values()}
    assert len(processes) == 3
    assert os.getpid() not in processes
    assert Machine.of(contest.machine).best >= Machine.of(contest.machine).median > 0
    shown = capfd.readouterr()
    assert "a contender's own words" not in shown.out
    assert shown.out == ""
    assert sum("round " in line for line in shown.err.splitlines()) == 4
    assert not multiprocessing.active_children()


def test_the_machine_counts_the_operations_of_a_matrix_product():
    product = MatrixProduct(size=8)
    assert product.block() == 2 * 8**3
    torch.testing.assert_close(product.out, product.a @ product.b)
    assert product.facts == {"size": 8, "dtype": "float32"}


def test_a_block_lasts_as_long_as_asked_for_or_as_it_says():
    entries = [counter("a"), Entry("clock", f"{TRIVIAL}.Clock", {"units": 6.0})]
    contest = hold(entries, rounds=2, threads=1, seconds=0.05)
    for block in contest.accounts["a"].blocks:
        assert 0.05 <= block.seconds < 1
        assert block.units % 1000 == 0
        assert block.units > 1000
    assert contest.accounts["clock"].rates().tolist() == [3.0, 3.0]
    assert contest.accounts["clock"].blocks[0] == (2.0, 6.0)


def test_memory_is_each_ones_own():
    entries = [Entry(str(size), f"{TRIVIAL}.Hoarder", {"mebibytes": size}) for size in (1, 200)]
    small, large = hold(entries, rounds=1, threads=1, seconds=0).accounts.values()
    assert (large.memory_peak - small.memory_peak) / 2**20 == pytest.approx(199, abs=20)
    assert (large.memory_peak - large.memory_before) / 2**20 == pytest.approx(200, abs=20)


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"at": 0}, "contender bad failed: ValueError: first line the milk is sour"),
        ({"at": 2}, "contender bad failed: ValueError: first line the milk is sour"),
        ({"at": 1, "leave": True}, "contender bad failed: its process ended with status 3"),
        ({"amt": 1}, r"contender bad failed: TypeError: .*unexpected keyword argument 'amt'"),
        (None, "contender bad failed: ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_a_contender_that_fails_is_named_with_the_cause(settings, cause):
    bad = Entry("bad", "nowhere.Thing") if settings is None else Entry("bad", f"{TRIVIAL}.Failing", settings)
    with pytest.raises(StudyError, match=cause):
        hold([counter("good"), bad], rounds=3, threads=1, seconds=0)
    assert not multiprocessing.active_children()


def test_a_check_sees_all_facts_before_the_first_round(tmp_path):
    log = tmp_path / "log"
    seen = {}

    def refuse(facts):
        seen.update(facts)
        raise StudyError("not comparable")

    with pytest.raises(StudyError, match="not comparable"):
        hold([counter("a", log=str(log)), counter("b")], rounds=2, threads=1, seconds=0, check=refuse)
    assert seen["a"]["parameters"] == seen["b"]["parameters"] == 100
    assert log.read_text() == "a\n"  # its warm-up
    assert not multiprocessing.active_children()


def test_an_interruption_leaves_no_process(monkeypatch):
    def interrupt(self, seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "block", interrupt)
    with pytest.raises(KeyboardInterrupt):
        hold([counter("a")], rounds=1, threads=1, seconds=0)
    assert not multiprocessing.active_children()


def test_a_worker_ends_when_its_parent_is_killed():
    worker = Worker("a", f"{TRIVIAL}.Counter", {"name": "a", "work": 10}, 1)
    worker.pipe.close()  # what the process sees when its parent is gone
    start = time.perf_counter()
    worker.process.join(5)
    assert worker.process.exitcode == 0
    assert time.perf_counter() - start < 5


def test_the_environment_is_as_before(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with Worker("a", f"{TRIVIAL}.Counter", {"name": "a", "work": 1}, threads=3) as worker:
        assert worker.facts["threads"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
