"""A small real corpus, this package's own source, prepared once a session in a cache of its own."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lmstudy.folders import cache_folder

ROOT = Path(__file__).parents[1]
USERS_CACHE = cache_folder()
"""Where the user's own data lie: for tests that look at real data, if they are there."""
os.environ["OMP_NUM_THREADS"] = "1"  # two test processes share two cores; commands started by tests follow


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data cache of this test session; no test touches the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["LMSTUDY_CACHE"] = str(folder)
    os.environ["WANDB_MODE"] = "offline"
    return folder


TINY = [
    "data=files",
    f"data.path={ROOT / 'lmstudy'}",
    "data.suffixes=[.py]",
    "data.unit=function",
    "data.tokenizer.vocab_size=512",
    "data.split.valid=0.15",
    "budget=smoke",
    "budget.steps=12",
    "budget.evaluate_every=6",
    "budget.encoder_layers=2",
    "budget.decoder_layers=2",
    "budget.evaluation_documents=8",
    "budget.final_documents=24",
    "budget.samples=2",
    "logger=csv",
    "trainer=cpu",
    "trainer.threads=1",
]
"""Overrides of a run that takes a second or two."""


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """`TINY` with a runs folder of the test's own."""
    return [*TINY, f"runs={tmp_path / 'runs'}"]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`TINY` on a copy of a part of this package's source, which stays as it is while the tests run."""
    copy = tmp_path_factory.mktemp("source") / "data"
    shutil.copytree(ROOT / "lmstudy" / "data", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return [f"data.path={copy}" if override.startswith("data.path=") else override for override in TINY]


def write_files(folder: Path, contents: Mapping[str, str]) -> Path:
    """The folder, filled with files of these names and texts."""
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def command(module: str, *arguments: str) -> list[str]:
    """A command line that runs an entry point in this interpreter."""
    return [sys.executable, "-m", f"lmstudy.commands.{module}", *arguments]
