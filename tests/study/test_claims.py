import json
import math
import subprocess
import sys
import time

import numpy as np
import pytest
from claim_records import baseline, claims_of_the_study, model, study, write

from lmstudy.commands import claims as claims_cli
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.study import claims
from lmstudy.study.claims import Claim, NoRecordsError, claim, evaluate_claims, require
from lmstudy.study.group_counts import group_counts

FIRST = ["first.below_kneser_ney", "first.below_kneser_ney_same_tokens", "first.seen_packages_easier"]


def by_id(records):
    return {result.id: result for result in evaluate_claims(records)}


@pytest.fixture
def registry(monkeypatch):
    claims.all_claims()
    monkeypatch.setattr(claims, "REGISTRY", dict(claims.REGISTRY))
    return claims.REGISTRY


def declare(**changes):
    arguments = {
        "id": "test.one",
        "chapter": "c",
        "unit": "points",
        "sentence": "s",
        "holds": lambda e: e.low > 0,
    }
    return claim(**(arguments | changes))


def test_the_first_models_claims_hold_on_records_made_so():
    results = by_id(study())
    assert set(FIRST) <= set(results)
    for key, expected in zip(FIRST, (0.3, 0.6, 0.2), strict=True):
        result = results[key]
        assert result.holds
        assert not result.fails
        assert result.n == 3
        assert result.low < result.estimate < result.high
        assert result.estimate == pytest.approx(expected, abs=0.03)
    paired = results["first.below_kneser_ney"]
    assert paired.high - paired.low < 0.15  # groups differ by 1 bit, and their pairing removes it


def test_a_stronger_baseline_makes_the_claim_fail():
    result = by_id(study(baseline_bits=1.9))["first.below_kneser_ney"]
    assert not result.holds
    assert result.fails
    assert result.error is None
    assert result.high < 0
    assert "does not hold: -0.1" in result.problem


def test_missing_records_are_said_and_count_as_not_holding():
    for result in evaluate_claims([]):
        assert result.error.startswith("no records")
        assert result.outcome == "no records"
        assert result.fails
        assert not result.holds
        assert math.isnan(result.estimate)
    only_all = by_id([r for r in study() if r.id != f"{9:016x}"])
    assert only_all["first.below_kneser_ney"].holds
    assert only_all["first.below_kneser_ney_same_tokens"].outcome == "no records"
    fewer = by_id([*study()[:4], baseline(9, 900_000, metrics={"train/tokens": 9e5})])
    assert fewer["first.below_kneser_ney_same_tokens"].outcome == "no records"
    sizeless = by_id([*study(), model(4, metrics={})])["first.below_kneser_ney_same_tokens"]
    assert "record train-4: metric train/tokens is missing" in sizeless.error
    without_files = [model(1, groups={"valid": model(1).groups["valid"]}), baseline(8, "all")]
    assert "split 'valid_files' in train-1" in by_id(without_files)["first.seen_packages_easier"].error


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (baseline(10, "all"), "several baselines fit: baseline-8, baseline-10"),
        (model(4, numerics=2), r"numerics 1.*numerics 2"),
        (model(4, data="other"), "different data"),
        (model(4, groups={"valid": [[9.0, 3]] * 20}), "do not hold the same documents"),
        (model(1, id="f" * 16, name="twin"), "same seed, 1"),
    ],
)
def test_records_that_cannot_be_compared_are_an_error(extra, message):
    result = by_id([*study(), extra])["first.below_kneser_ney"]
    assert result.outcome == "error"
    assert result.fails
    with pytest.raises(StudyError, match=message):
        raise StudyError(result.error)


def test_group_counts_are_ordered_by_seed_whatever_the_order_of_records():
    records = study()[:3]
    assert group_counts(records, "valid").shape == (3, 20, 2)
    assert np.array_equal(group_counts(records[::-1], "valid"), group_counts(records, "valid"))


def test_require_names_what_is_missing():
    assert len(require(study(), kind="train")) == 3
    with pytest.raises(NoRecordsError, match=r"no records with kind=train, config\.budget\.name=paper"):
        require(study(), **{"kind": "train", "config.budget.name": "paper"})


def test_ids_are_unique_and_well_formed(registry):
    declare()(seed_interval)
    with pytest.raises(StudyError, match=r"test\.one: declared twice"):
        declare()(seed_interval)
    with pytest.raises(StudyError, match="lower-case"):
        declare(id="Claim One")


def test_a_negative_result_is_fine_only_as_long_as_it_is_one(registry):
    declare(expected=False)(lambda records: Estimate(records[0], -1, 1, 3))
    (negative,) = evaluate_claims([0.5], [registry["test.one"]])
    assert (negative.holds, negative.fails, negative.outcome) == (False, False, "no, as reported")
    surprise = Claim(**(vars(registry["test.one"]) | {"holds": lambda e: True}))
    (result,) = evaluate_claims([0.5], [surprise])
    assert result.fails
    assert "declared not to" in result.problem


def test_an_unknown_interval_never_satisfies_a_condition(registry):
    declare()(lambda records: seed_interval([5.0]))
    (result,) = evaluate_claims([], [registry["test.one"]])
    assert not result.holds


def test_text(registry):
    declare(spec=".2f")(lambda records: Estimate(1.234, 1, 2, 3))
    (result,) = evaluate_claims([], [registry["test.one"]])
    assert result.text() == "1.23 points (95 % CI 1.00 to 2.00, n = 3)"
    assert (result.text("value"), result.text("interval")) == ("1.23", "1.00 to 2.00")
    with pytest.raises(StudyError, match=r"test\.one\|low: the variants are value and interval"):
        result.text("low")


def test_the_command_lists_every_claim_and_tells_by_its_status(tmp_path, capsys, monkeypatch):
    chapters = claims_of_the_study()
    monkeypatch.setattr(claims, "all_claims", lambda: chapters)
    good = write(study(), tmp_path / "good")
    assert claims_cli.main(["--records", str(good)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["id", "chapter", "estimate", "interval", "n", "holds"]
    assert [line.split()[0] for line in lines[1:]] == [c.id for c in chapters]
    assert all(line.endswith("yes") for line in lines[1:])

    bad = write(study(baseline_bits=1.9), tmp_path / "bad")
    assert claims_cli.main(["--records", str(bad)]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].endswith(" no")
    assert "first.below_kneser_ney: does not hold" in printed.err


def test_json_lines_have_exactly_the_promised_keys(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LMSTUDY_RECORDS", str(write(study()[:3], tmp_path)))
    assert claims_cli.main(["--json"]) == 1
    lines = [json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines()]
    assert {tuple(line) for line in lines} == {("id", "chapter", "estimate", "low", "high", "n", "holds")}
    values = {line["id"]: line for line in lines}
    assert values["first.below_kneser_ney"]["estimate"] is None
    assert values["first.below_kneser_ney"]["holds"] is False
    assert values["first.seen_packages_easier"]["holds"] is True
    assert values["first.seen_packages_easier"]["n"] == 3


def test_unreadable_records_are_one_line_and_status_1(tmp_path, capsys):
    (tmp_path / "a.json").write_text("{")
    assert claims_cli.main(["--records", str(tmp_path)]) == 1
    assert "a.json: not valid JSON" in capsys.readouterr().err
    assert claims_cli.main(["--records", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_help_is_quick_and_nothing_here_imports_torch(tmp_path):
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "lmstudy.commands.claims", "--help"], capture_output=True, text=True)
    assert time.monotonic() - started < 1
    assert "--records FOLDER" in done.stdout
    write(study(), tmp_path)
    code = (
        "import sys; from lmstudy.commands.claims import main; "
        f"main(['--records', {str(tmp_path)!r}]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
