"""Comparisons: which records they take, and what they compute from them."""

import dataclasses

import pytest

from lmstudy.errors import StudyError
from lmstudy.study import comparisons
from lmstudy.study.comparisons import arm_config, bits_per_byte, differences, gather, metric, published_record
from tests.claim_records import record


def published(number, experiment, seed, bits=2.0, **changes):
    return record(number, "train", arm_config(experiment, seed, "smoke"), bits, seed=seed, **changes)


@pytest.fixture
def arms():
    return {
        "transformer": [published(s, "first_model", s, 2.0) for s in (1, 2, 3)],
        "lstm": [published(10 + s, "lstm", s, 2.1) for s in (1, 2, 3)],
    }


def test_a_published_record_is_known_by_its_configuration_and_not_by_paths_or_loggers():
    there = [published(1, "first_model", 1), published(2, "lstm", 1), published(3, "lstm", 2)]
    config = arm_config("lstm", 1, "smoke", runs="elsewhere")
    config["logger"], config["trainer"] = {"names": []}, {**config["trainer"], "threads": 1}
    assert published_record(config, there) is there[1]
    assert published_record({**config, "seed": 7}, there) is None
    assert published_record(config, [dataclasses.replace(there[1], numerics=99)]) is None


def test_what_is_published_is_not_trained_and_the_rest_is(monkeypatch, arms):
    monkeypatch.setattr(comparisons, "published_folder", lambda: "folder")
    monkeypatch.setattr(comparisons, "load_folder", lambda _: [*arms["transformer"], *arms["lstm"][:2]])
    trained = []

    def train(config):
        trained.append((config["experiment"], config["seed"], config["runs"]))
        return arms["lstm"][2]

    monkeypatch.setattr("lmstudy.runs.pretraining.train", train)
    found = gather(["lstm", "first_model"], [3, 1, 2], "smoke", runs="here")
    assert trained == [("lstm", 3, "here")]
    assert list(found) == ["lstm", "first_model"]
    assert [r.seed for r in found["lstm"]] == [1, 2, 3]
    with pytest.raises(StudyError, match="no published record of experiment=lstm seed=3 budget=smoke"):
        gather(["lstm"], [3], "smoke", train=False)


def test_an_experiment_that_does_not_exist_is_told():
    with pytest.raises(StudyError, match="no_such_arm"):
        arm_config("no_such_arm", 1, "smoke")


def test_differences_are_paired_and_signed(arms):
    (found,) = differences(arms, "transformer").values()
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert 0 < found.low < found.value < found.high
    assert differences(arms, "lstm")["transformer"].value == pytest.approx(-found.value)
    apart = bits_per_byte(arms)
    assert found.high - found.low < (apart["lstm"].high - apart["lstm"].low)  # what is hard for both cancels


def test_arms_of_different_data_are_not_compared_on_their_own_splits(arms):
    arms["lstm"] = [dataclasses.replace(r, data="other") for r in arms["lstm"]]
    with pytest.raises(StudyError, match="different data"):
        differences(arms, "transformer")


def test_metrics_get_an_interval_over_seeds(arms):
    found = metric(arms, "train/tokens")["transformer"]
    assert (found.value, found.n) == (1_000_002.0, 3)
