"""The shelf: which records it takes, and when it makes one."""

import dataclasses

import pytest

from lmstudy.errors import StudyError
from lmstudy.runs.records import load
from lmstudy.study.preferences import arm, judged
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import judged as measurement
from tests.chapters.result_records import trained as of_study
from tests.claim_records import baseline, benchmark, composed, model, trained

LSTM = ("experiment=lstm", "budget=smoke")


@pytest.fixture
def there():
    return [trained(s, *LSTM, seed=s) for s in (2, 1)]


def test_a_record_is_known_by_its_configuration_and_not_by_paths_or_loggers(there):
    shelf = Shelf(there)
    assert [r.seed for r in shelf.trained(*LSTM)] == [1, 2]
    config = composed("train", *LSTM)
    elsewhere = {**config, "runs": "x", "logger": {"names": []}, "trainer": {**config["trainer"], "threads": 1}}
    assert shelf.of("train", elsewhere, [2]) == [there[0]]
    for other in ("model.units=80", "budget.steps=7", "objective=conditional", "pretraining=span_corruption"):
        with pytest.raises(NoRecordsError, match="no records of lmstudy-train experiment=lstm"):
            shelf.trained(*LSTM, other)
    with pytest.raises(NoRecordsError, match="seed=7"):
        shelf.trained(*LSTM, seeds=[1, 7])
    with pytest.raises(StudyError, match="no_such_arm"):
        shelf.trained("experiment=no_such_arm")


def test_records_of_another_numerics_version_are_not_there(there):
    with pytest.raises(NoRecordsError):
        Shelf([dataclasses.replace(r, numerics=99) for r in there]).trained(*LSTM)


def test_two_records_of_one_seed_are_an_error(there):
    twin = dataclasses.replace(there[0], id="f" * 16)
    with pytest.raises(StudyError, match=f"{there[0].id}, {twin.id}.*keep one"):
        Shelf([*there, twin]).trained(*LSTM)


def test_what_is_published_is_not_made_and_the_rest_is(monkeypatch, there, tmp_path):
    for record in there:
        record.write(tmp_path / "published" / f"{record.name}.json")
    monkeypatch.setenv("LMSTUDY_RECORDS", str(tmp_path / "published"))
    runs = tmp_path / "runs"
    local = trained(3, *LSTM, seed=3)
    local.write(runs / "x" / "record.json")
    made = []

    def train(config):
        made.append((config["experiment"], config["seed"], config["runs"]))
        return load(runs / "x" / "record.json")

    monkeypatch.setattr("lmstudy.runs.pretraining.train", train)
    shelf = Shelf.open(str(runs))
    found = shelf.arms({"LSTM": LSTM}, [3, 1, 2])
    assert made == [("lstm", 3, str(runs))]  # it compares the data, too, which a shelf cannot
    assert [r.seed for r in found["LSTM"]] == [1, 2, 3]
    assert shelf.as_is().trained(*LSTM, seeds=[1, 2]) == found["LSTM"][:2]
    assert [r.seed for r in Shelf.open(str(runs), makes=False).trained(*LSTM)] == [1, 2, 3]


def test_what_was_handed_out_is_noted(there, monkeypatch, tmp_path):
    monkeypatch.setenv("LMSTUDY_READ", str(tmp_path / "read"))
    Shelf(there).trained(*LSTM, seeds=[1])
    assert set((tmp_path / "read").read_text().split()) == {there[1].id}


def test_measurements_are_known_by_their_settings():
    run = of_study("privacy", "conditional", 1)
    usual, guided = measurement(run, 0.001), measurement(run, 0.0001, settings={"guidance": 2.0})
    shelf = Shelf([run, usual, guided])
    assert judged(shelf, "privacy", [run]) == [usual]
    assert judged(shelf, "privacy", [run], "measure.guidance=2") == [guided]
    with pytest.raises(NoRecordsError, match=r"measure.guidance=3"):
        judged(shelf, "privacy", [run], "measure.guidance=3")
    assert judged(shelf, "privacy", [of_study("privacy", "MLE", 1), run]) == [usual]  # as far as there are any


def test_arms_of_the_study_differ_by_their_settings_and_by_nothing_else():
    names = ["MLE", "RWR", "RWR, as released", "RWR, divided twice", "MLE, four fifths", "conditional, onset 20 %"]
    runs = {name: of_study("privacy", name, 1) for name in names}
    shelf = Shelf(runs.values())
    assert {name: arm(shelf, "privacy", name) for name in names} == {name: [run] for name, run in runs.items()}
    with pytest.raises(NoRecordsError):
        arm(shelf, "privacy", "AWR")
    own = of_study("privacy", "AWR", 31)
    predicted = Shelf([*runs.values(), of_study("privacy", "MLE", 41), own])
    assert arm(predicted, "privacy", "MLE") == [runs["MLE"]]  # not the seed that a prediction brought
    assert arm(predicted, "privacy", "AWR", [31]) == [own]
    with pytest.raises(NoRecordsError, match="with one of the seeds 1, 2, 3"):
        arm(predicted, "privacy", "AWR")
    with pytest.raises(StudyError, match="task='pep9' is not one of pep8, privacy, sentiment"):
        arm(shelf, "pep9", "MLE")
    with pytest.raises(StudyError, match="objective 'best' is no arm of the study; choose from MLE"):
        arm(shelf, "privacy", "best")


def test_baselines_and_benchmarks():
    run = model(1)
    old, new = (benchmark("train", [], started=f"2026-01-0{day}T00:00:00Z") for day in (1, 2))
    shelf = Shelf([baseline(8, "all"), baseline(9, 1000), new, old])
    assert shelf.baseline("tokens=1000", beside=run) == baseline(9, 1000)
    with pytest.raises(NoRecordsError):
        shelf.baseline("tokens=1000", "order=2", beside=run)
    assert shelf.newest_benchmark("train") == new
    with pytest.raises(NoRecordsError, match="lmstudy-benchmark workload=growth"):
        shelf.newest_benchmark("growth")
