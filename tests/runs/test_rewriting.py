"""Trainings on repaired text, of style and of privacy, from configuration to record."""

import re
import shutil
from pathlib import Path

import pytest

from lmstudy.compose import compose_config
from lmstudy.data import parallel
from lmstudy.runs.pretraining import train
from tests.conftest import ROOT, TINY

SIGNED = r'\1"""Written by Jane Doe <jane.doe@example.org>.\n\n\1'
"""Made up: the first line of every docstring, in the place of its indentation and quotes."""


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`TINY` on functions of this package whose docstrings somebody signed."""
    copy = tmp_path_factory.mktemp("signed") / "data"
    shutil.copytree(ROOT / "lmstudy" / "data", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in copy.rglob("*.py"):
        file.write_text(re.sub(r'^( +)"""(?=[A-Z])', SIGNED, file.read_text(), flags=re.MULTILINE))
    return [f"data.path={copy}" if override.startswith("data.path=") else override for override in TINY]


@pytest.mark.parametrize("scorer", ["pep8", "privacy"])
@pytest.mark.parametrize("objective", ["rewriting", "conditional_rewriting"])
def test_a_training_on_repaired_text(signed, scorer, objective, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    config = compose_config("train", [*signed, f"scorer={scorer}", f"objective={objective}", f"runs={tmp_path}"])
    record = train(config)
    metrics = {name: value for name, value in record.metrics.items() if name.startswith("rewriting/")}
    assert metrics["rewriting/documents"] >= metrics["rewriting/with_bad"] >= metrics["rewriting/rewritten"] > 20
    assert metrics["rewriting/bad_segments_after"] < metrics["rewriting/bad_segments"] / 2
    left = sum(value for name, value in metrics.items() if "/left_" in name)
    assert left == metrics["rewriting/with_bad"] - metrics["rewriting/rewritten"]
    if scorer == "privacy":
        assert left == metrics["rewriting/bad_segments_after"] == 0
    assert f"rewriting: {int(metrics['rewriting/rewritten']):,} of " in record.notes
    assert record.name == f"{scorer}-{objective}-transformer-smoke-s1"
    assert record.metrics["valid/bits_per_byte"] > 0
