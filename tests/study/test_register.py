"""Predictions stand as they were written down: in the file, in the history, and beside the runs that decide them."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lmstudy.commands import register as command
from lmstudy.errors import StudyError
from lmstudy.evaluation.multiplicity import best_of
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import load_folder
from lmstudy.show.claims import outcome
from lmstudy.study import claims, register
from lmstudy.study.claims import Kind, confirm, evaluate_claims
from lmstudy.study.confirmation import KIND, confirmed
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


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a register and a folder of records, both empty."""
    claims.all_claims()  # declares those of the book, once
    (tmp_path / "book" / "records").mkdir(parents=True)
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


def records(first=2.0, second=1.9, started="2099-01-01T00:00:00Z"):
    """Runs of both arms and their measurements, as they come after the prediction."""
    found = []
    for arm, bits in enumerate((first, second)):
        for seed in (1, 2, 3):
            number = 100 + 10 * arm + seed
            run = trained(number, *DRAFT[0][("first", "second")[arm]]["train"], seed=seed, started=started)
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
    assert len(entry().prediction.first.configuration) == 16


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
        ({"hypothesis": "x"}, "hypothesis"),
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
    assert [one.registered.prediction.id for one in claims.all_claims() if one.registered] == ["test.smear"] * 2


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


def test_a_split_is_opened_once_and_the_outcome_stays(checkout):
    add()
    written(records(), checkout)
    first = confirmed(entry(), "runs")
    assert first.kind == KIND
    assert first.samples[0]["verdict"] == "holds"
    assert first.samples[0]["value"] == pytest.approx(0.1, abs=0.01)
    (checkout / "book" / "records" / "train-101.json").unlink(missing_ok=True)
    assert confirmed(entry(), "runs") == first


def test_runs_that_are_older_than_the_prediction_cannot_confirm_it(checkout):
    add()
    early = records(started="2020-01-01T00:00:00Z")
    written(early, checkout)
    with pytest.raises(StudyError, match="what was seen before cannot be confirmed"):
        confirmed(entry(), "runs")
    confirm(entry().prediction.hash)
    (result,) = evaluate_claims(early, claims.all_claims())
    assert (result.kind, result.verdict) == (Kind.EXPLORATORY, HOLDS)


def test_an_arm_that_composes_to_something_else_by_now_is_an_error(checkout):
    add()
    path = next((checkout / "book" / "register").glob("*.yaml"))
    path.write_text(path.read_text().replace(entry().prediction.second.configuration, "f" * 16))
    with pytest.raises(StudyError, match=r"second\.train=.* composes to another configuration today"):
        confirmed(entry(), "runs")


@pytest.mark.parametrize(
    "change", [{"sentence": "Smear saves many bits."}, {"holds": above(0.05)}, {"compute": lambda shelf: None}], ids=str
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


def test_what_holds_alone_may_be_undecided_in_its_family(checkout):
    add([DRAFT[0], DRAFT[0] | {"id": "test.more", "above": -0.001}])
    estimate = Estimate(2.0, 0.05, 3.95, 3, df=40.0)
    results = [
        claims.ClaimResult(one, estimate, one.holds.verdict(estimate), None, Kind.CONFIRMATORY)
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
    log = in_history("log", "--format=%H %ct", "--reverse", "--", "book/register").split("\n")
    since = {}
    for commit, seconds in (line.split() for line in log if line):
        for name in in_history("ls-tree", "-r", "--name-only", commit, "book/register").split():
            batch = register.read_batch(in_history("show", f"{commit}:{name}"), f"{commit[:7]}:{name}")
            for one in batch.predictions:
                assert one.hash in today, f"{one.id} was changed or taken out after {commit[:7]}"
                assert today[one.hash].registered == batch.registered
                since.setdefault(one.hash, int(seconds))
    assert since.keys() >= {key for key, found in today.items() if found.batch in committed()}


def in_history(*arguments):
    found = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"no history to compare with: {found.stderr.strip()}")
    return found.stdout


def committed():
    return {name.rpartition("/")[2].removesuffix(".yaml") for name in in_history("ls-files", "book/register").split()}


def test_every_confirmatory_claim_of_the_book_is_younger_than_its_prediction_and_was_opened_once():
    published = load_folder(ROOT / "book" / "records")
    opened = [one for one in published if one.kind == KIND]
    registered = [one for one in claims.all_claims() if one.registered]
    for result in evaluate_claims(published, registered):
        if result.kind is not Kind.CONFIRMATORY or result.error is not None:
            continue
        own = [one for one in opened if one.config["hash"] == result.claim.registered.prediction.hash]
        assert len(own) == 1, f"{result.id} has no record of its split being opened, or several"
        assert own[0].samples[0]["value"] == pytest.approx(result.estimate.value)
