from pathlib import Path
from typing import Any

import pytest

from lmstudy.data import parallel
from tests.data.rated import DOMAINS, rated_files, rated_settings


@pytest.fixture(scope="session")
def rated_cache(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The config of a small corpus of rated snippets, and the cache that holds its sdist."""
    folder = tmp_path_factory.mktemp("rated")
    return rated_settings(folder, rated_files(DOMAINS)), folder


@pytest.fixture
def rated(rated_cache: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The config, with the cache set, in one process."""
    settings, folder = rated_cache
    monkeypatch.setenv("LMSTUDY_CACHE", str(folder))
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    return settings
