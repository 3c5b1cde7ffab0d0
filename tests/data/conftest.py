import pytest

from lmstudy.data import parallel


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker processes: starting them takes longer than a small corpus does."""
    monkeypatch.setattr(parallel, "processors", lambda: 1)
