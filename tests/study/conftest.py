"""A corpus that stays as it is while the tests run."""

import shutil

import pytest

from tests.conftest import ROOT, TINY


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`TINY` on a copy of a part of this package's source, without a folder of runs."""
    copy = tmp_path_factory.mktemp("source") / "data"
    shutil.copytree(ROOT / "lmstudy" / "data", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return [f"data.path={copy}" if override.startswith("data.path=") else override for override in TINY]
