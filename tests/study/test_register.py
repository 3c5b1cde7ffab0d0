"""Predictions stand as they were written down: in the file, in the history, and beside the runs that decide them."""

from dataclasses import replace
from pathlib import Path

import pytest

from lmstudy.commands import register as command
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs import named_models
from lmstudy.study import claims, register, registered_arm
from lmstudy.study.claims import Kind, confirm, evaluate_claims
from lmstudy.study.confirmation import KIND, confirmed
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import HOLDS
from tests.conftest import ROOT
from tests.study.drafts import ARM, DRAFT, add, committed_now, entry, git, measured, records, written


def test_a_draft_is_completed_and_told_to_be_committed(checkout, capsys):
    assert add() == 0
    said = capsys.readouterr()
    assert "commit it before the runs begin" in said.err
    (key,) = register.read()
    assert said.out.split() == [key, "test.smear"] == [entry().prediction.hash, entry().prediction.id]
    assert [len(part) for part in entry().prediction.first.configuration.split("-")] == [16, 16]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"above": None}, "above or below is missing"),
        ({"above": 2, "below": 1}, "leave nothing between them"),
        ({"unit": None}, "unit"),
        ({"seeds": [1, 2]}, "seeds"),
        ({"seeds": [1, 2, 2]}, "names one twice"),
        ({"statistic": "better"}, "statistic=better is not one of"),
        ({"first": {"train": ARM}}, "first and second are the same arm"),
        ({"first": {"train": ["experiment=nothing"]}}, "experiment=nothing"),
        ({"second": {"train": ARM, "measure": ["measure=nothing"]}}, "measure=nothing"),
        ({"above": float("nan")}, "must be finite"),
        ({"statistic": "times", "above": 0}, "borders must be above 0"),
        ({"split": "nosuch"}, "split"),
        ({"chapter": "notebooks/none"}, "is no page"),
        ({"supersedes": "abc"}, "there is no prediction of its id before it"),
        ({"second": {"train": [*ARM, "seed=3"]}}, "seed=3 is no part of an arm"),
        ({"second": {"train": [*ARM, "budget.steps=-1"]}}, "budget.steps"),
        ({"first": {"train": [*reversed(ARM)]}}, "two of its arms compose to the same runs"),
        ({"hypothesis": "x"}, "hypothesis"),
        ({"keys": ["a", "b"]}, "must name one for each of 3 seeds"),
        ({"keys": ["a", "b", "c"], "key": "a"}, "in the place of key"),
        ({"second": None}, "compares two arms: second is missing"),
        ({"statistic": "bits"}, "is of one arm: leave second out"),
        ({"id": "Smear"}, "id"),
    ],
)
def test_an_incomplete_draft_is_refused_in_one_line_and_writes_nothing(checkout, capsys, changed, message):
    draft = {key: value for key, value in (DRAFT[0] | changed).items() if value is not None}
    assert add([draft]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert register.read() == {}


def test_an_id_is_taken_once_unless_a_prediction_supersedes_the_other(checkout, capsys):
    add()
    again = DRAFT[0] | {"above": 0.1}
    assert add([again], "then.yaml") == 1
    key = entry().prediction.hash
    assert f"supersedes: {key}" in capsys.readouterr().err
    assert add([again | {"supersedes": key}], "then.yaml") == 0
    assert len(register.read()) == 2
    newest = list(register.read())[-1]
    assert [one.id for one in claims.all_claims()] == ["test.smear", f"test.smear.{newest}"]
    assert add([again | {"supersedes": key, "above": 0.2}], "third.yaml") == 1  # one that was superseded already
    confirm(key)
    assert [one.registered.prediction.hash for one in claims.all_claims()] == [key, newest]


def test_two_of_one_id_in_a_draft_write_nothing(checkout, capsys):
    assert add([DRAFT[0], DRAFT[0] | {"above": 1}]) == 1
    assert "is in the register already" in capsys.readouterr().err
    assert register.read() == {}


def test_a_chapter_cannot_change_when_or_under_which_id_it_was_predicted(checkout):
    add()
    key = entry().prediction.hash
    for change in ({"registered": entry()}, {"id": "test.other"}):
        with pytest.raises(StudyError, match="is not for a chapter to change"):
            confirm(key, **change)


def test_nothing_is_trained_or_opened_before_the_prediction_is_committed(checkout, capsys):
    add()
    assert command.main(["--train", "test.smear"]) == command.main(["--confirm", "test.smear"]) == 1
    assert capsys.readouterr().err.count("is not committed as it stands") == 2
    git("add", "book")
    git("commit", "-qm", "predicted")
    assert command.main(["--confirm", "test.smear"]) == 1
    assert "no records of lmstudy-train experiment=encoder_decoder" in capsys.readouterr().err
    assert command.main(["--confirm", "other"]) == 1
    assert "there are: test.smear" in capsys.readouterr().err
    assert command.main([]) == 0
    assert "not decided: no records" in capsys.readouterr().out


def test_a_split_is_opened_once_and_the_outcome_stays(checkout, monkeypatch):
    add()
    runs = [one for one in records(commit=committed_now()) if one.kind == "train"]
    written(runs, checkout)
    monkeypatch.setattr(Shelf, "_made", lambda self, maker, config, command: made_now(config, checkout))
    first = confirmed(entry(), "runs")
    assert first.kind == KIND
    assert first.samples[0]["verdict"] == "holds"
    assert first.samples[0]["value"] == pytest.approx(0.1, abs=0.01)
    (marker,) = checkout.glob("runs/*/opened.json")
    assert "valid" in marker.read_text()
    monkeypatch.setattr(Shelf, "_made", lambda *_: pytest.fail("opened again"))
    assert confirmed(entry(), "runs") == first


def made_now(config, checkout):
    """A measurement of a run, as `lmstudy-evaluate` would make and publish it."""
    run = next(one for one in records() if one.kind == "train" and one.id == config["run"])
    found = measured(run, int(run.id, 16) + 100, (2.0 if int(run.id, 16) < 110 else 1.9) + 0.01 * run.seed)
    written([found], checkout)
    return found


def test_a_split_that_somebody_looked_at_before_confirms_nothing(checkout):
    add()
    written(records(commit=committed_now()), checkout)
    with pytest.raises(StudyError, match=r"looked at split valid on 2099-01-01T00:00:00Z, before it was opened"):
        confirmed(entry(), "runs")


def test_runs_that_are_older_than_the_prediction_cannot_confirm_it(checkout):
    add()
    early = records(started="2020-01-01T00:00:00Z", commit=committed_now())
    written(early, checkout)
    with pytest.raises(StudyError, match="what was seen before cannot be confirmed"):
        confirmed(entry(), "runs")
    confirm(entry().prediction.hash)
    (result,) = evaluate_claims(early, claims.all_claims())
    assert (result.kind, result.verdict) == (Kind.EXPLORATORY, HOLDS)


@pytest.mark.parametrize("dirty", ["", "+dirty"])
def test_runs_of_code_that_does_not_hold_the_prediction_cannot_confirm_it(checkout, dirty):
    """Whatever date the file tells: it was not there."""
    Path("anything").write_text("x")
    before = committed_now()
    add()
    committed_now()
    written(records(commit=before + dirty), checkout)
    with pytest.raises(StudyError, match=f"was made at commit {before[:7]}, which does not hold the prediction"):
        confirmed(entry(), "runs")


def test_an_arm_that_composes_to_something_else_by_now_is_an_error(checkout):
    add()
    path = next((checkout / "book" / "register").glob("*.yaml"))
    path.write_text(path.read_text().replace(entry().prediction.second.configuration.split("-")[0], "f" * 16))
    committed_now()
    with pytest.raises(StudyError, match=r"second\.train=.* composes to another configuration today"):
        confirmed(entry(), "runs")


GRADED = {**DRAFT[0], "id": "test.graded", "statistic": "more"}
GRADED |= {arm: {**DRAFT[0][arm], "measure": ["measure=sentiment"]} for arm in ("first", "second")}


@pytest.mark.parametrize("change", ["a default", "another grader of that name"])
def test_a_measure_that_means_something_else_by_now_confirms_nothing(checkout, monkeypatch, capsys, change):
    """Nobody touched the register: the file of the measure, or what it names, was changed."""
    add([GRADED])
    written(records(commit=committed_now()), checkout)

    def composed(root, overrides):
        config = compose_config(root, overrides)
        if root == "evaluate":
            config["measure"]["scorers"]["held_out"]["threshold"] = -1.0
        return config

    if change == "a default":
        monkeypatch.setattr(registered_arm, "compose_config", composed)
    else:
        held_out = compose_config("evaluate", ["run=any", "measure=sentiment"])["measure"]["scorers"]["held_out"]
        (checkout / f"{held_out['model']}-{'b' * 16}.json").write_text("{}")
        monkeypatch.setattr(named_models, "published_folder", lambda: checkout)
    capsys.readouterr()
    assert command.main(["--confirm", "test.graded"]) == 1
    told = capsys.readouterr().err
    assert "first.measure=['measure=sentiment'] composes to another configuration today" in told
    assert told.count("\n") == 1


def test_where_runs_lie_and_the_split_are_no_part_of_what_a_measure_is(checkout):
    add([GRADED])
    arm = entry().prediction.first
    moved = replace(arm, measure=["measure=sentiment", "runs=elsewhere", "split=test"])
    assert (arm.changed, moved.changed) == (None, None)
    assert replace(arm, measure=["measure=sentiment", "measure.best_of=2"]).changed == "measure"


def test_an_entry_from_before_measures_were_digested_stands_as_it_was():
    """Its digest is that of the training alone, and stays what was written down."""
    entries = register.read(ROOT / "book" / "register").values()
    arms = [arm for one in entries for arm in one.prediction.arms.values()]
    old = [arm for arm in arms if "-" not in arm.configuration]
    assert len(old) == 15
    assert [arm.configuration for arm in old] == [arm.composed.split("-")[0] for arm in old]
    assert {arm.changed for arm in arms} == {None}
