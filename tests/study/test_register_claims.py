"""Claims of the book and the register: what was predicted, what came out, and what was only ever added."""

import subprocess
from dataclasses import replace

import pytest

from lmstudy.errors import StudyError
from lmstudy.evaluation.multiplicity import best_of
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import load_folder
from lmstudy.show.claims import outcome
from lmstudy.study import claims, register
from lmstudy.study.claims import Kind, confirm, evaluate_claims
from lmstudy.study.confirmation import KIND, check_younger
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import HOLDS, UNDECIDED, above
from tests.conftest import ROOT
from tests.study.drafts import DRAFT, add, entry, records


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
