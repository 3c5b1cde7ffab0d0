"""The page of forty lines shows a script that runs as it stands, and a scorer as CONTRIBUTING has it."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.notebooks.test_results_smoke import signed_heads

SCRIPT = ROOT / "book" / "forty_lines.py"


def test_it_has_forty_lines_at_most():
    assert len(SCRIPT.read_text().splitlines()) <= 40


@pytest.mark.slow
def test_it_scores_marks_trains_writes_and_scores_again(tmp_path):
    small = ["budget=smoke", "budget.steps=6", "budget.evaluate_every=6", "budget.samples=2", "logger=csv"]
    small += ["data=files", f"data.path={signed_heads(tmp_path / 'heads')}", "data.suffixes=[.py]"]
    small += ["data.split.valid=0.2", "data.tokenizer.vocab_size=512", f"runs={tmp_path / 'runs'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *small],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = map(float, re.search(r"score of each line: \[(\S+), (\S+)\]", done.stdout).groups())
    assert first > 0 == second
    assert 0 < float(re.search(r"([\d.]+)% of the training lines are good", done.stdout)[1]) < 100
    assert re.search(r"what is learned: .*(<good>|<bad>|<\|good\|>|<\|bad\|>)", done.stdout)
    assert re.findall(r"asked for (\w+): ", done.stdout) == ["good", "bad"]
