import pytest

from lmstudy.benchmark import contest
from tests.benchmark.cases import WorkerBesideACounter, WorkerHere


@pytest.fixture
def contest_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contests are held in this process. That processes work is shown by `test_contest`, and by one real contest."""
    monkeypatch.setattr(contest, "Worker", WorkerHere)


@pytest.fixture
def counting_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own contender starts as fast as the trivial ones of a test."""
    monkeypatch.setattr(contest, "Worker", WorkerBesideACounter)
