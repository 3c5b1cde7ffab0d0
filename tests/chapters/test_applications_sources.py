"""What answers owe to sources, of records whose truth is known."""

import pytest

from lmstudy.chapters.applications import sources as task_sources
from lmstudy.study.applications import MLE, SCRATCH, Arm
from lmstudy.study.claims import NoRecordsError
from lmstudy.tasks.base import PARTS
from tests.claim_records import record

SAVED = {SCRATCH: 0.5, MLE: 0.2}


def measured(tuning, saved, split="test"):
    config = {"run": {"id": tuning.id}, "measure": {"name": "source", "split": split, "documents": None}}
    groups = {f"{split}/source": [[saved * 40, 40.0]] * PARTS}
    return record(500 + int(tuning.id, 16), "evaluation", config, 2.0, seed=tuning.seed, groups=groups)


@pytest.fixture
def arms():
    return {
        Arm(start, 1000): [record(10 * number + seed, "tuning", {}, 2.0, seed=seed) for seed in (3, 1, 2)]
        for number, start in enumerate(SAVED, start=1)
    }


@pytest.fixture
def known(arms):
    return [measured(one, SAVED[arm.start]) for arm, own in arms.items() for one in own]


def test_measurements_are_found_by_their_fine_tuning_and_in_the_order_of_seeds(arms, known):
    own = arms[Arm(MLE, 1000)]
    found = task_sources.source_records(known, own)
    assert [one.seed for one in found] == [1, 2, 3]
    assert {one.config["run"]["id"] for one in found} == {one.id for one in own}
    with pytest.raises(NoRecordsError, match="source"):
        task_sources.source_records([measured(one, 0.2, split="valid") for one in own], own)


def test_the_table_tells_what_sources_save_and_the_difference(arms, known, monkeypatch):
    monkeypatch.setattr(task_sources, "available", lambda runs: known)
    found = task_sources.sources(arms)
    assert [one.seed for one in found[Arm(MLE, 1000)]] == [3, 1, 2]
    row = task_sources.source_table({"translation": found}).loc["translation, 1,000"]
    assert row["from scratch"].startswith("0.50 (")
    assert row["pretrained − from scratch"].startswith("-0.30 (")


def test_what_is_not_measured_yet_is_measured(arms, known, monkeypatch):
    asked = []
    monkeypatch.setattr(task_sources, "available", lambda runs: known[1:])
    monkeypatch.setattr("lmstudy.measures.evaluate.evaluate", lambda config: asked.append(config) or known[0])
    task_sources.sources(arms, "elsewhere")
    assert [(one["run"], one["split"], one["runs"]) for one in asked] == [
        (known[0].config["run"]["id"], "test", "elsewhere")
    ]
    assert asked[0]["measure"]["_target_"].endswith("SourceUse")
