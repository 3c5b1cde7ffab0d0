import dataclasses
import json
import math

import numpy as np
import pytest

import lmstudy
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.records import Record, check_same_numerics, load, load_folder, published_folder


def record(**changes):
    content = {
        "id": "0123456789abcdef",
        "kind": "train",
        "name": "mle-transformer-smoke-s1",
        "config": {"objective": {"name": "mle"}, "budget": {"name": "smoke"}, "lr": 1e-3},
        "seed": 1,
        "data": "f" * 16,
        "numerics": 1,
        "commit": None,
        "versions": {"python": "3.11"},
        "hardware": {"cpu": "any", "cores": 2, "memory_gib": 24.0, "gpus": []},
        "started": "2026-01-31T12:00:00Z",
        "finished": "2026-01-31T12:01:00Z",
        "wall_seconds": 60.5,
        "metrics": {"valid/loss": 2.5},
        "curves": {"loss": {"step": [1, 2], "value": [9.123456789, 8.0]}},
        "groups": {"valid": [[123.456, 70], [10.0, 7]]},
        "samples": ["def f():\n    return '编程'\n"],
    }
    return Record(**(content | changes))


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_round_trip_keeps_everything_but_needless_digits(tmp_path):
    path = record().write(tmp_path / "new" / "a.json")
    again = load(path)
    assert again.curves["loss"] == {"step": [1, 2], "value": [9.12346, 8.0]}
    assert again.groups["valid"] == [[123.46, 70], [10, 7]]
    changed = {"curves": record().curves, "groups": record().groups}
    assert dataclasses.replace(again, **changed) == record()
    assert again.to_json() == path.read_text(encoding="utf-8")
    assert names(tmp_path / "new") == ["a.json"]


def test_a_record_may_tell_what_its_time_went_into_and_one_without_is_as_it_was(tmp_path):
    assert "clock" not in json.loads(record().to_json())
    told = record(clock={"steps": 60.0, "saving": 0.5})
    assert load(told.write(tmp_path / "a.json")) == Record.from_json(told.to_json())
    assert load(tmp_path / "a.json").clock == {"steps": 60.0, "saving": 0.5}
    assert record().write(tmp_path / "a.json")  # the same run and results


def test_numbers_that_are_not_finite_become_null_and_come_back_as_nan(tmp_path):
    diverged = record(
        metrics={"loss": math.nan, "perplexity": math.inf, "n": np.int64(3), "f": np.float32(0.5)},
        curves={"loss": {"step": [1, 2], "value": [1.0, math.nan]}},
    )
    path = diverged.write(tmp_path / "a.json")
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["metrics"]["loss"] is None
    again = load(path)
    assert math.isnan(again.metrics["loss"])
    assert math.isnan(again.metrics["perplexity"])
    assert (again.metrics["n"], again.metrics["f"]) == (3, 0.5)
    assert math.isnan(again.curves["loss"]["value"][1])
    assert diverged.write(path) == path


def test_a_record_of_1500_steps_logged_every_fifth_stays_small():
    rng = np.random.default_rng(0)
    steps = list(range(5, 1501, 5))
    names = ("loss", "lr", "norm", "speed", "f1", "accuracy")
    curves = {name: {"step": steps, "value": list(rng.random(300))} for name in names}
    groups = {split: [[bits, 9876] for bits in 3e4 * rng.random(100)] for split in ("valid", "valid_files", "test")}
    text = record(curves=curves, groups=groups, samples=["x" * 500] * 16).to_json()
    assert len(text.encode()) < 60_000


def test_written_once(tmp_path):
    path = record().write(tmp_path / "a.json")
    before = path.stat().st_mtime_ns
    record(wall_seconds=99.0, commit="abc", notes="again").write(path)
    assert path.stat().st_mtime_ns == before
    with pytest.raises(StudyError, match=r"a\.json.*metrics differs"):
        record(metrics={"valid/loss": 2.6}).write(path)
    with pytest.raises(StudyError, match="its id differs"):
        record(id="f" * 16).write(path)
    assert load(path).wall_seconds == 60.5
    assert names(tmp_path) == ["a.json"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"file/a\.json: cannot be written"):
        record().write(tmp_path / "file" / "a.json")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "xyz"}, "field id"),
        ({"seed": "1"}, "field seed"),
        ({"started": "2026-01-31T12:00:00+08:00"}, "field started.*UTC"),
        ({"wall_seconds": -1.0}, "field wall_seconds"),
        ({"clock": {"steps": -1.0}}, r"field clock\.steps"),
        ({"groups": {"valid": [[math.nan, 3]]}}, r"field groups\.valid\.0\.0"),
        ({"groups": {"valid": [[1.0]]}}, r"field groups\.valid\.0"),
        ({"metrics": {"a": "low"}}, r"field metrics\.a"),
        ({"curves": {"a": {"step": [1], "value": []}}}, r"field curves\.a"),
        ({"config": {"lr": math.inf}}, "config.*not finite"),
        ({"samples": [object()]}, r"field samples\.0"),
    ],
)
def test_what_a_field_cannot_hold_is_not_written(tmp_path, changes, field):
    with pytest.raises(StudyError, match=f"mle-transformer-smoke-s1.*{field}"):
        record(**changes).write(tmp_path / "a.json")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: t[: len(t) // 2], "not valid JSON"),
        (lambda t: "[]", "is a JSON object"),
        (lambda t: t.replace('"seed": 1,\n', ""), "field seed is missing"),
        (lambda t: t.replace('"schema": 1', '"schema": 2'), "field schema is 2.*update lmstudy"),
        (lambda t: t.replace('"seed": 1', '"seed": NaN'), "NaN is not JSON"),
        (lambda t: t.replace('"notes"', '"extra": 1,\n"notes"'), "field extra is not one"),
        (lambda t: t.replace('"numerics": 1', '"numerics": true'), "field numerics"),
    ],
)
def test_a_broken_file_is_named_with_its_field(tmp_path, edit, message):
    path = tmp_path / "broken.json"
    path.write_text(edit(record().to_json()), encoding="utf-8")
    with pytest.raises(StudyError, match=rf"broken\.json.*{message}"):
        load_folder(tmp_path)


def test_one_id_in_two_files_is_refused(tmp_path):
    record().write(tmp_path / "a.json")
    record(id="f" * 16, name="b").write(tmp_path / "b.json")
    assert [r.name for r in load_folder(tmp_path)] == ["mle-transformer-smoke-s1", "b"]
    record().write(tmp_path / "c.json")
    with pytest.raises(StudyError, match=r"c\.json.*0123456789abcdef of a\.json"):
        load_folder(tmp_path)
    with pytest.raises(StudyError, match=r"none\.json"):
        load(tmp_path / "none.json")
    with pytest.raises(StudyError, match="no such folder"):
        load_folder(tmp_path / "none")


def test_numerics_versions_do_not_mix():
    check_same_numerics([])
    check_same_numerics([record(), record(seed=2)])
    with pytest.raises(StudyError, match=r"smoke-s1 \(numerics 1\), new \(numerics 2\)"):
        check_same_numerics([record(), record(numerics=2, name="new")])


def test_published_folder_is_the_variable_then_here_then_the_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("LMSTUDY_RECORDS", str(tmp_path))
    assert published_folder() == tmp_path
    monkeypatch.setenv("LMSTUDY_RECORDS", str(tmp_path / "none"))
    with pytest.raises(StudyError, match="LMSTUDY_RECORDS"):
        published_folder()
    monkeypatch.delenv("LMSTUDY_RECORDS")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lmstudy, "__file__", str(tmp_path / "elsewhere" / "lmstudy" / "__init__.py"))
    with pytest.raises(StudyError, match="set LMSTUDY_RECORDS"):
        published_folder()
    (tmp_path / "book" / "records").mkdir(parents=True)
    assert published_folder() == tmp_path / "book" / "records"


def test_provenance_fills_a_valid_record():
    clock = provenance.Clock()
    filled = record(**provenance.circumstances(clock, ["a GPU"]))
    assert 0 <= filled.wall_seconds < clock.seconds < 60
    assert clock.started == filled.started <= filled.finished
    again = Record.from_json(filled.to_json())
    assert again.versions["numpy"] == np.__version__
    assert again.versions["lmstudy"] == lmstudy.__version__
    assert again.hardware["cores"] >= 1
    assert again.hardware["memory_gib"] > 0.1
    assert again.hardware["gpus"] == ["a GPU"]


def git(folder, *arguments):
    assert provenance._git(folder, "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments) is not None


def test_commit_is_told_only_of_a_checkout_and_says_when_code_differs(tmp_path, monkeypatch):
    package = tmp_path / "lmstudy"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(lmstudy, "__file__", str(package / "__init__.py"))
    git(tmp_path, "init", "-q")
    assert provenance.commit() is None  # a repository, but not this package's
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = provenance.commit()
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "README.md").write_text("no code")
    assert provenance.commit() == clean
    (package / "__init__.py").write_text("changed = True")
    assert provenance.commit() == clean + "+dirty"
