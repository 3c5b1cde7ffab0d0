"""Simulated studies: few of them here; the book's table is of thousands, and a record."""

import json

import pytest

from lmstudy.commands import claims as command
from lmstudy.evaluation.coverage import KINDS, Coverage, simulated
from lmstudy.runs.records import load


def test_every_interval_holds_the_truth_about_as_often_as_it_says():
    """With 100 studies a share of 95 % has a standard deviation of two points; that of two seeds is known to be low."""
    found = simulated(100)
    assert [(one.name, one.seeds) for one in found] == [(name, n) for name, _, numbers in KINDS for n in numbers]
    assert all(one.share >= (0.8 if one.seeds == 2 else 0.87) for one in found), found


def test_an_interval_that_is_too_short_is_seen(monkeypatch):
    from dataclasses import replace

    from lmstudy.evaluation import coverage

    def short(rng, seeds):
        e, truth = coverage.mean_over_seeds(rng, seeds)
        return replace(e, low=e.value - 0.1 * (e.value - e.low), high=e.value + 0.1 * (e.high - e.value)), truth

    monkeypatch.setattr(coverage, "KINDS", (("short", short, (3,)),))
    assert simulated(200)[0].share < 0.6


def test_the_command_keeps_what_it_found_as_a_record(tmp_path, capsys):
    assert command.main(["--coverage", "5", "--runs", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("coverage-*/record.json")
    record = load(path)
    assert (record.kind, len(record.samples)) == ("coverage", sum(len(numbers) for _, _, numbers in KINDS))
    assert Coverage(**record.samples[0]).draws == 5
    assert json.loads(json.dumps(record.config)) == {"draws": 5}
    assert command.main(["--coverage", "0"]) == 1
    assert "--coverage 0: it must be at least 1" in capsys.readouterr().err


def test_wilsons_interval_counts_cases():
    found = {(one.name, one.seeds): one for one in simulated(20)}
    assert found["share of cases", 64].share == pytest.approx(0.95, abs=0.15)
