"""Predictions stand as they were written down: in the file, in the history, and beside the runs that decide them."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from lmstudy.commands import register as command
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.evaluation.multiplicity import best_of
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs import named_models
from lmstudy.runs.records import load_folder
from lmstudy.show.claims import outcome
from lmstudy.study import claims, register
from lmstudy.study.claims import Kind, confirm, evaluate_claims
from lmstudy.study.confirmation import KIND, check_younger, confirmed
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import HOLDS, UNDECIDED, above
from tests.claim_records import record, trained
from tests.conftest import ROOT

ARM = ["experiment=encoder_decoder", "budget=brief", "trainer.precision=32-true"]
DRAFT = [
    {
        "id": "test.smear",
        "sentence": "Smear saves bits.",
        "chapter": "notebooks/03_speed",
        "statistic": "more_bits",
        "first": {"train": [*ARM, "model=transformer"]},
        "second": {"train": ARM},
        "seeds": [1, 2, 3],
        "split": "valid",
        "unit": "bits per byte",
        "above": 0,
        "why": "A test.",
    }
]
SETTINGS = {"name": "likelihood", "split": "valid", "documents": None}
MODELS = [compose_config("train", list(DRAFT[0][arm]["train"]))["model"] for arm in ("first", "second")]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a register and a folder of records, both empty."""
    claims.all_claims()  # declares those of the book, once
    (tmp_path / "book" / "records").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "03_speed.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    monkeypatch.setattr(claims, "REGISTRY", {})
    return tmp_path


def git(*arguments):
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *own, *arguments], check=True, capture_output=True, text=True).stdout


def add(draft=None, name="smear.yaml"):
    Path(name).write_text(yaml.safe_dump(DRAFT if draft is None else draft))
    return command.main(["--add", name])


def entry():
    (found,) = register.read().values()
    return found


def measured(of, number, bits):
    config = {"run": {"id": of.id, "name": of.name, "config": of.config}, "measure": SETTINGS, "data": None}
    return record(number, "evaluation", config, bits, seed=of.seed, started="2099-01-01T00:00:00Z")


def committed_now():
    """The commit that holds the register as it stands."""
    git("add", "-A")
    git("commit", "-qm", "predicted")
    return git("rev-parse", "HEAD").strip()


def records(first=2.0, second=1.9, started="2099-01-01T00:00:00Z", commit=None):
    """Runs of both arms and their measurements, as they come after the prediction."""
    found = []
    for arm, bits in enumerate((first, second)):
        for seed in (1, 2, 3):
            number = 100 + 10 * arm + seed
            run = trained(
                number, *DRAFT[0][("first", "second")[arm]]["train"], seed=seed, started=started, commit=commit
            )
            found += [run, measured(run, number + 100, bits + 0.01 * seed)]
    return found


def written(found, checkout):
    for one in found:
        one.write(checkout / "book" / "records" / f"{one.name}-{one.id}.json")


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
        ({"first": {"train": [*reversed(ARM)]}}, "compose to the same runs"),
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
        monkeypatch.setattr(register, "compose_config", composed)
    else:
        held_out = compose_config("evaluate", ["run=''", "measure=sentiment"])["measure"]["scorers"]["held_out"]
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


@pytest.mark.parametrize(
    "change",
    [{"sentence": "Smear saves many bits."}, {"holds": above(0.05)}, {"compute": lambda shelf: None}],
    ids=["sentence", "holds", "compute"],
)
def test_what_is_said_otherwise_than_it_was_registered_is_revised_with_both_outcomes(checkout, change):
    add()
    if "compute" in change:
        change = {"compute": lambda shelf: seed_interval([1.0, 1.1, 1.2])}
    confirm(entry().prediction.hash, **change)
    (result,) = evaluate_claims(records(first=1.85), claims.all_claims())
    assert result.kind is Kind.REVISED
    assert f"revised ({next(iter(change))}): as registered, it fails" in outcome(result)


def test_a_prediction_that_nobody_wrote_down_is_no_claim(checkout):
    with pytest.raises(StudyError, match="no prediction 000000000000 is registered"):
        confirm("000000000000")


def test_confirmatory_claims_of_a_chapter_are_corrected_together(checkout):
    draft = [DRAFT[0], DRAFT[0] | {"id": "test.more", "above": 0.08}]
    add(draft)
    for key in register.read():
        confirm(key, outcome=UNDECIDED)
    results = {one.id: one for one in evaluate_claims(records(), claims.all_claims())}
    alone = {key: value.claim.registered.prediction.p_value(value.estimate) for key, value in results.items()}
    assert {one.kind for one in results.values()} == {Kind.CONFIRMATORY}
    smaller, larger = sorted(alone, key=alone.get)
    assert results[smaller].adjusted == pytest.approx(min(1, 2 * alone[smaller]))
    assert results[larger].adjusted == pytest.approx(max(2 * alone[smaller], alone[larger]))


def test_what_has_no_records_and_what_was_revised_are_of_the_family(checkout):
    add([DRAFT[0], DRAFT[0] | {"id": "test.more", "seeds": [4, 5, 6]}, DRAFT[0] | {"id": "test.other", "above": 0.01}])
    first, second, third = register.read()
    confirm(first)
    confirm(second, outcome=None)
    confirm(third, sentence="It saves some.")
    results = {one.id: one for one in evaluate_claims(records(), claims.all_claims())}
    assert results["test.smear"].adjusted == pytest.approx(3 * results["test.smear"].p)
    assert results["test.other"].kind is Kind.REVISED
    assert results["test.other"].adjusted == pytest.approx(
        max(2 * results["test.other"].p, results["test.smear"].adjusted)
    )
    assert results["test.more"].adjusted == 1


def test_what_holds_alone_may_be_undecided_in_its_family(checkout):
    add([DRAFT[0], DRAFT[0] | {"id": "test.more", "above": -0.001}])
    estimate = Estimate(2.0, 0.05, 3.95, 3, df=40.0)
    results = [
        claims.ClaimResult(
            one,
            estimate,
            one.holds.verdict(estimate),
            None,
            Kind.CONFIRMATORY,
            one.registered.prediction.p_value(estimate),
        )
        for one in claims.all_claims()
    ]
    assert {one.verdict for one in results} == {HOLDS}
    assert claims.corrected(results[:1])[0].verdict is HOLDS
    assert {one.verdict for one in claims.corrected(results)} == {UNDECIDED}


def test_the_best_of_several_has_a_wider_interval():
    one = seed_interval([1.0, 1.2, 1.1])
    chosen = best_of(one, 3)
    assert chosen.value == one.value
    assert chosen.low < one.low < one.high < chosen.high
    assert best_of(one, 1).low == pytest.approx(one.low)
    ratio = best_of(replace(one, value=2.0, low=1.0, high=4.0), 3, ratio=True)
    assert ratio.low * ratio.high == pytest.approx(4.0)
    with pytest.raises(StudyError, match="give a Student interval"):
        best_of(Estimate(1, 0, 2, 3), 3)


def test_the_register_was_only_ever_added_to():
    """At no commit does the register hold a prediction that is not in it, unchanged, today."""
    today = register.read(ROOT / "book" / "register")
    log = in_history("log", "--full-history", "--format=%H", "--", "book/register").split()
    seen = set()
    for commit in log:
        for name in in_history("ls-tree", "-r", "--name-only", commit, "book/register").split():
            batch = register.read_batch(in_history("show", f"{commit}:{name}"), f"{commit[:7]}:{name}")
            for one in batch.predictions:
                assert one.hash in today, f"{one.id} was changed or taken out after {commit[:7]}"
                assert today[one.hash].registered == batch.registered
                seen.add(one.hash)
    assert seen or not log


def in_history(*arguments):
    found = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"no history to compare with: {found.stderr.strip()}")
    return found.stdout


def test_every_confirmatory_claim_of_the_book_is_younger_than_its_prediction_and_was_opened_once():
    in_history("log", "-1")
    published = load_folder(ROOT / "book" / "records")
    opened = [one for one in published if one.kind == KIND]
    registered = [one for one in claims.all_claims() if one.registered]
    found = [one for one in evaluate_claims(published, registered) if one.kind is not Kind.REVISED and not one.error]
    assert {one.kind for one in found} <= {Kind.CONFIRMATORY}
    for result in found:
        prediction = result.claim.registered.prediction
        own = [one for one in opened if one.config["hash"] == prediction.hash]
        assert len(own) == 1, f"{result.id} has no record of its split being opened, or several"
        kept = own[0].samples[0]
        for end in ("value", "low", "high"):
            assert kept[end] == pytest.approx(getattr(result.estimate, end), abs=1e-5)
        assert kept["verdict"] == prediction.region.verdict(result.estimate)
        shelf = Shelf(published)
        runs = prediction.trained(shelf)
        for run in runs:
            in_history("cat-file", "-e", f"{run.commit}^{{commit}}")  # a clone may hold a part of the history alone
        check_younger(result.claim.registered, runs)
        began = min(one.started for one in opened)
        looks = shelf.measured(runs, *prediction.first.measure, f"split={prediction.split}")
        assert all(one.started >= began for one in looks)


def test_each_seed_can_be_judged_by_a_grader_of_its_own(checkout):
    """Seed 1 gains 1 by its grader, seed 2 gains 2 by its own; other graders would say something else."""
    draft = DRAFT[0] | {"statistic": "more", "keys": ["by/one", "by/two", "by/three"]}
    assert add([draft]) == 0
    found = records()
    for one in found:
        if one.kind == "evaluation":
            worse = {1: 1.0, 2: 2.0, 3: 3.0}[one.seed] if one.config["run"]["config"]["model"] == MODELS[0] else 0.0
            by = dict(zip((1, 2, 3), ("by/one", "by/two", "by/three"), strict=True))
            one.groups.update({key: [[-9.0, 1.0]] * 4 for key in by.values()})
            one.groups[by[one.seed]] = [[worse, 1.0]] * 4
    written(found, checkout)
    estimate = entry().prediction.compute(Shelf.open("runs", makes=False))
    assert estimate.value == pytest.approx(2.0)
    assert estimate.n == 3
    assert (estimate.high - estimate.low) / 2 == pytest.approx(4.3027 * 1.0 / 3**0.5, rel=1e-2)


def test_one_arm_alone_is_predicted_on_these_documents(checkout):
    """The interval is over seeds: that documents differ from each other by far more is no part of it."""
    draft = {key: value for key, value in DRAFT[0].items() if key != "second"} | {"statistic": "bits", "above": 1.5}
    assert add([draft]) == 0
    first = records()[:6]
    written(first, checkout)
    estimate = entry().prediction.compute(Shelf.open("runs", makes=False))
    sums = [np.sum(one.groups["valid"], axis=0) for one in first if one.kind == "evaluation"]
    own = [bits / size for bits, size in sums]
    assert estimate.value == pytest.approx(np.mean(own), rel=1e-6)
    assert estimate.high - estimate.low == pytest.approx(2 * 4.3027 * np.std(own, ddof=1) / 3**0.5, rel=1e-3)
    assert estimate.n == 3
