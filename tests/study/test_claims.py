import dataclasses
import json
import math

import pytest

from lmstudy.commands import claims as claims_cli
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.show.claims import as_told, problem, remark, text
from lmstudy.study import claims
from lmstudy.study.claims import claim, evaluate_claims
from lmstudy.study.verdicts import FAILS, HOLDS, UNDECIDED, above, below, within
from tests.claim_records import baseline, claims_of_the_study, model, study, write

FIRST = ["first.below_kneser_ney", "first.below_kneser_ney_same_tokens", "first.seen_packages_easier"]


def by_id(records):
    return {result.id: result for result in evaluate_claims(records, claims_of_the_study())}


@pytest.fixture
def registry(monkeypatch):
    claims.all_claims()
    monkeypatch.setattr(claims, "REGISTRY", dict(claims.REGISTRY))
    return claims.REGISTRY


def declare(compute=lambda shelf: seed_interval([1.0]), **changes):
    arguments = {"sentence": "s", "id": "test.one", "holds": above(0), "chapter": "c", "unit": "points"}
    return claim(compute=compute, **(arguments | changes))


def test_the_first_models_claims_hold_on_records_made_so():
    results = by_id(study())
    for key, expected in zip(FIRST, (0.3, 0.6, 0.2), strict=True):
        result = results[key]
        assert (result.holds, result.fails, result.estimate.n) == (True, False, 3)
        assert result.estimate.low < result.estimate.value < result.estimate.high
        assert result.estimate.value == pytest.approx(expected, abs=0.03)
    paired = results["first.below_kneser_ney"].estimate
    assert paired.high - paired.low < 0.15  # groups differ by 1 bit, and their pairing removes it


def test_a_result_names_the_records_that_it_was_worked_out_from():
    records = study()
    files = {f"{one.name}-{one.id}" for one in records}
    for result in evaluate_claims(records, claims_of_the_study()):
        assert 0 < len(set(result.records)) == len(result.records) < len(records)
        assert files >= set(result.records)
        fewer = [one for one in records if f"{one.name}-{one.id}" in result.records]
        (again,) = evaluate_claims(fewer, [result.claim])  # they are all that it takes
        assert again.estimate == result.estimate
    models = [one for one in by_id(records)["first.below_kneser_ney"].records if one.startswith("train-")]
    assert len(models) == 3


def test_a_stronger_baseline_makes_the_claim_fail():
    result = by_id(study(baseline_bits=1.9))["first.below_kneser_ney"]
    assert (result.holds, result.fails, result.error) == (False, True, None)
    assert problem(result).startswith("fails, and its chapter says holds (the interval lies above 0): −0.1")


def test_missing_records_are_said_and_count_as_not_holding():
    for result in evaluate_claims([], claims_of_the_study()):
        assert (result.holds, result.fails, result.outcome) == (False, True, "no records")
        assert math.isnan(result.estimate.value)
    only_all = by_id([r for r in study() if r.id != f"{9:016x}"])
    assert only_all["first.below_kneser_ney"].holds
    assert only_all["first.below_kneser_ney_same_tokens"].outcome == "no records"
    without_files = [model(1, groups={"valid": model(1).groups["valid"]}), baseline(8, "all")]
    assert "split 'valid_files' in train-1" in by_id(without_files)["first.seen_packages_easier"].error


def test_records_that_cannot_be_compared_are_an_error():
    result = by_id([*study(), baseline(10, "all")])["first.below_kneser_ney"]
    assert (result.outcome, result.fails) == ("error", True)
    assert "keep one" in result.error


@pytest.mark.parametrize(
    ("region", "holds", "fails", "undecided"),
    [
        (above(1), (1.1, 3), (0.2, 1), (0.9, 3)),
        (below(3), (1, 2.9), (3, 4), (1, 3.1)),
        (within(1, 3), (1.1, 2.9), (3, 4), (0.9, 2)),
        (within(1, 3), (1.1, 2.9), (0, 1), (2, 3.1)),
        (within(1, 3), (1.1, 2.9), (0, 1), (0, 4)),
    ],
)
def test_the_whole_interval_decides(region, holds, fails, undecided):
    for (low, high), verdict in ((holds, HOLDS), (fails, FAILS), (undecided, UNDECIDED)):
        assert region.verdict(Estimate((low + high) / 2, low, high, 3)) is verdict


def test_no_point_and_fewer_than_three_trainings_decide_anything():
    regions = (above(1), below(3), within(1, 3), above(5))
    assert {region.verdict(seed_interval([2.0])) for region in regions} == {UNDECIDED}
    assert {region.verdict(Estimate(2, 1.9, 2.1, n)) for region in regions for n in (1, 2)} == {UNDECIDED}


def test_whatever_a_claim_says_some_record_could_contradict_it():
    """Every region of the book leaves something out, and "no difference" has margins on both sides."""
    for one in claims.all_claims():
        borders = [border for border in (one.holds.low, one.holds.high) if math.isfinite(border)]
        assert borders, one.id
        outside = one.holds.low - 1 if math.isfinite(one.holds.low) else one.holds.high + 1
        assert one.holds.verdict(Estimate(outside, outside, outside, 3)) is FAILS, one.id
        assert one.unit, one.id


def test_ids_are_unique_and_well_formed(registry):
    declare()
    with pytest.raises(StudyError, match=r"test\.one: declared twice"):
        declare()
    with pytest.raises(StudyError, match="lower-case"):
        declare(id="Claim One")


def test_what_a_chapter_says_of_a_claim_must_be_what_came_of_it(registry):
    declare(lambda shelf: Estimate(0.5, -1, 1, 3), outcome=UNDECIDED)
    (open_,) = evaluate_claims([], [registry["test.one"]])
    assert (open_.holds, open_.fails, open_.outcome) == (False, False, "undecided")
    surprise = dataclasses.replace(registry["test.one"], holds=above(-2))
    (result,) = evaluate_claims([], [surprise])
    assert result.fails
    assert problem(result).startswith("holds, and its chapter says undecided")


def test_text(registry):
    declare(lambda shelf: Estimate(1.234, 1, 2, 3))
    (result,) = evaluate_claims([], [registry["test.one"]])
    full, value, interval = (text(result, variant) for variant in ("full", "value", "interval"))
    assert full == f"{value} points (95 % CI {interval}, n = 3)"
    with pytest.raises(StudyError, match=r"test\.one\|low: the variants are size, more, fewer, value, interval"):
        text(result, "low")
    with pytest.raises(StudyError, match=r"its unit is 'points', and only bits per byte"):
        text(result, "more")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (Estimate(1.2, 1, 2, 3), {"short": "+1.20 % bits per byte", "size": "1.20 % bits", "more": "1.20 % more bits"}),
        (Estimate(-1.2, -2, -1, 3), {"short": "−1.20 % bits", "size": "1.20 % bits", "more": "1.20 % fewer bits"}),
        (Estimate(-0.4, -1, 1, 3), {"short": "−0.4 % bits", "more": "0.4 % fewer bits"}),
        (Estimate(0.4, 0, 1, 3), {"size": "0.40 % bits"}),
    ],
)
def test_in_a_sentence_a_number_has_no_sign_beside_the_direction_and_no_brackets(registry, number, said):
    declare(lambda shelf: number, unit="% bits per byte (tokens left out)", signed=True)
    (result,) = evaluate_claims([], [registry["test.one"]])
    for variant, start in said.items():
        assert text(result, variant).startswith(start)
        assert text(result, variant).endswith("bits per byte")
    assert "(tokens left out)" in text(result, "full")
    assert remark(result) == "tokens left out"
    if number.low < 0 < number.high:
        with pytest.raises(StudyError, match=r"test\.one\|size: the sign is open"):
            text(result, "size")


RATIO = "times the bits per byte of MLE"


@pytest.mark.parametrize(
    ("unit", "number", "variant", "said", "interval"),
    [
        ("times the items", Estimate(0.125, 0.05, 0.25, 3), "fewer", "8.0 times fewer", (4, 20)),
        (
            "times the bits per byte of MLE",
            Estimate(1.0116, 1.0044, 1.0188, 3),
            "more",
            "1.16 % more bits",
            (0.44, 1.88),
        ),
        (RATIO, Estimate(0.98, 0.97, 0.99, 3), "more", "2.0 % fewer bits", (1, 3)),
        (RATIO, Estimate(1.01, 0.99, 1.03, 3), "more", "1.0 % more bits", (-1, 3)),
        (RATIO, Estimate(0.99, 0.97, 1.02, 3), "more", "1.0 % fewer bits", (-2, 3)),
    ],
)
def test_a_ratio_is_told_upside_down_or_in_per_cent(registry, unit, number, variant, said, interval):
    declare(lambda shelf: number, unit=unit)
    (result,) = evaluate_claims([], [registry["test.one"]])
    assert text(result, variant).startswith(said)
    told = as_told(result, variant)
    assert (told.low, told.high) == pytest.approx(interval)


@pytest.mark.parametrize(("unit", "high"), [("times", 1.0), ("points", 0.5), ("times fewer", 0.5)])
def test_only_a_ratio_that_is_certainly_below_1_is_turned_upside_down(registry, unit, high):
    declare(lambda shelf: Estimate(0.4, 0.3, high, 3), unit=unit)
    (result,) = evaluate_claims([], [registry["test.one"]])
    with pytest.raises(StudyError, match=r"test\.one\|fewer: no ratio that is certainly below 1: 0\.4"):
        text(result, "fewer")


@pytest.fixture
def chapters(monkeypatch):
    """The claims for which there are made records, as all that are declared."""
    found = claims_of_the_study()
    monkeypatch.setattr(claims, "all_claims", lambda: found)
    return found


def test_the_command_lists_every_claim_and_tells_by_its_status(tmp_path, capsys, chapters):
    good = write(study(), tmp_path / "good")
    assert claims_cli.main(["--records", str(good)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [c.id for c in chapters]
    assert {line.split()[-1] for line in lines[1:]} == {"holds", "undecided"}

    bad = write(study(baseline_bits=1.9), tmp_path / "bad")
    assert claims_cli.main(["--records", str(bad)]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].endswith(" fails")
    assert "first.below_kneser_ney: fails, and its chapter says holds" in printed.err


def test_json_lines_have_exactly_the_promised_keys(tmp_path, capsys, monkeypatch, chapters):
    monkeypatch.setenv("LMSTUDY_RECORDS", str(write(study()[:3], tmp_path)))
    assert claims_cli.main(["--json"]) == 1
    lines = [json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines()]
    keys = ("id", "chapter", "estimate", "low", "high", "n", "kind", "outcome", "records")
    assert {tuple(line) for line in lines} == {keys}
    values = {line["id"]: [line[key] for key in ("estimate", "n", "outcome")] for line in lines}
    assert values["first.below_kneser_ney"] == [None, 0, "no records"]
    assert values["first.seen_packages_easier"][1:] == [3, "holds"]


def test_unreadable_records_are_one_line_and_status_1(tmp_path, capsys):
    (tmp_path / "a.json").write_text("{")
    assert claims_cli.main(["--records", str(tmp_path)]) == 1
    assert "a.json: not valid JSON" in capsys.readouterr().err
    assert claims_cli.main(["--records", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    assert claims_cli.main(["--records", str(tmp_path / "none")]) == 1
    assert "none: it holds no record (*.json)" in capsys.readouterr().err
