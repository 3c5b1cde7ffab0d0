"""One tiny trained run for all tests of measures."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from lmstudy.compose import compose_config
from lmstudy.measures.evaluate import evaluate
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import Record
from tests.conftest import ROOT, TINY


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> list[str]:
    """`TINY` on a copy of this package's source: a file saved during the tests does not change their data."""
    copy = tmp_path_factory.mktemp("source") / "lmstudy"
    shutil.copytree(ROOT / "lmstudy", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return [f"data.path={copy}" if x.startswith("data.path=") else x for x in TINY]


@pytest.fixture(scope="session")
def trained(settings, tmp_path_factory) -> Finished:
    """Twelve steps on this package's own source, with its weights."""
    config = compose_config("train", [*settings, f"runs={tmp_path_factory.mktemp('trained') / 'runs'}"])
    train(config)
    return load_run(open_run(config).folder)


@pytest.fixture(scope="session")
def steered(settings, tmp_path_factory) -> Finished:
    """A model with control tokens for lines that are too long, deep enough to end a text now and then."""
    runs = tmp_path_factory.mktemp("steered") / "runs"
    deeper = ["budget.encoder_layers=4", "budget.decoder_layers=4"]
    overrides = [
        *settings,
        *deeper,
        "scorer=pep8",
        "scorer.max_line_length=60",
        "objective=conditional",
        f"runs={runs}",
    ]
    config = compose_config("train", overrides)
    train(config)
    return load_run(open_run(config).folder)


@pytest.fixture
def measured(trained, tmp_path) -> Callable[..., Record]:
    """`lmstudy-evaluate` of that run with some overrides, its records in a folder of the test's own."""

    def call(*overrides: str, **changes: Any) -> Record:
        config = compose_config("evaluate", [f"run={trained.run.folder}", f"runs={tmp_path / 'runs'}", *overrides])
        return evaluate(config | changes)

    return call


@pytest.fixture
def other_tokens(settings) -> list[str]:
    """Overrides of a corpus of the same documents in other tokens."""
    return [*(x for x in settings if x.startswith("data")), "data.tokenizer.vocab_size=700"]
