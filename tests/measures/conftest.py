"""One tiny trained run for all tests of measures."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lmstudy.compose import compose_config
from lmstudy.measures.evaluate import evaluate
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import Record
from tests.conftest import ROOT, TINY, write_files


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> list[str]:
    """`TINY` on a copy of this package's source: a file saved during the tests does not change their data."""
    copy = tmp_path_factory.mktemp("source") / "lmstudy"
    shutil.copytree(ROOT / "lmstudy", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return [f"data.path={copy}" if x.startswith("data.path=") else x for x in TINY]


def made(overrides: list[str], folder: Path) -> Finished:
    config = compose_config("train", [*overrides, f"runs={folder / 'runs'}"])
    train(config)
    return load_run(open_run(config).folder)


@pytest.fixture(scope="session")
def trained(settings, tmp_path_factory) -> Finished:
    """Twelve steps on this package's own source, with its weights."""
    return made(settings, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="session")
def steered(settings, tmp_path_factory) -> Finished:
    """A model with control tokens for lines that are too long, deep enough to end a text now and then."""
    deeper = ["budget.encoder_layers=4", "budget.decoder_layers=4"]
    judged = ["scorer=pep8", "scorer.max_line_length=60", "objective=conditional"]
    return made([*settings, *deeper, *judged], tmp_path_factory.mktemp("steered"))


def measure_of(finished: Finished, *overrides: str) -> Record:
    """`lmstudy-evaluate` of a run, its records beside the run's: what was measured once is found by other tests."""
    folder = finished.run.folder
    return evaluate(compose_config("evaluate", [f"run={folder}", f"runs={folder.parent}", *overrides]))


@pytest.fixture
def measured(trained) -> Callable[..., Record]:
    """`measure_of` the run without control tokens."""
    return partial(measure_of, trained)


@pytest.fixture
def other_tokens(settings) -> list[str]:
    """Overrides of a corpus of the same documents in other tokens."""
    return [*(x for x in settings if x.startswith("data")), "data.tokenizer.vocab_size=700"]


SIGNED = "# AUTHOR: Ada Lovelace <ada.lovelace@example.org>\n"


def signed_heads(folder: Path) -> Path:
    """The beginnings of this package's modules, every other one signed in its fifth line."""
    heads = {}
    for number, path in enumerate(sorted((ROOT / "lmstudy").rglob("*.py"))):
        lines = path.read_text().splitlines(keepends=True)[:14]
        if len(lines) == 14:
            heads[f"m{number}/{path.name}"] = "".join([*lines[:4], *([SIGNED] if number % 2 else []), *lines[4:]])
    return write_files(folder, heads)


@pytest.fixture(scope="session")
def signed(tmp_path_factory) -> Finished:
    """A model with control tokens on `signed_heads`."""
    data = ["data=files", f"data.path={signed_heads(tmp_path_factory.mktemp('heads'))}", "data.suffixes=[.py]"]
    rest = [x for x in TINY if not x.startswith("data")]
    judged = ["data.split.valid=0.3", "data.tokenizer.vocab_size=512", "scorer=privacy", "objective=conditional"]
    return made([*data, *rest, *judged], tmp_path_factory.mktemp("signed"))
