"""Evaluation records: made once, found by what was trained, listed, published, never taken for training runs."""

import json
import shutil
import subprocess
import sys

import pytest

from lmstudy.commands import evaluate
from lmstudy.commands import runs as runs_cli
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import evaluate as evaluate_config
from lmstudy.runs import provenance
from lmstudy.runs.finished import load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.publishing import publish
from lmstudy.runs.records import load, load_folder
from tests.conftest import ROOT


@pytest.fixture
def own_run(trained, tmp_path):
    """The trained run in a folder of the test's own, and the override of the folder of runs."""
    folder = tmp_path / "runs" / trained.run.folder.name
    shutil.copytree(trained.run.folder, folder)
    return trained.record, folder, f"runs={folder.parent}"


def call(monkeypatch, capsys, *arguments: str) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["lmstudy-evaluate", *arguments])
    evaluate.main()
    shown = capsys.readouterr()
    return shown.out, shown.err


def test_a_measurement_is_made_once_and_outlives_the_weights(own_run, monkeypatch, capsys):
    record, folder, runs = own_run
    out, err = call(monkeypatch, capsys, f"run='{record.id[:7]}'", runs, "documents=5")
    assert [line.split()[0] for line in out.splitlines()] == [
        f"valid/{name}" for name in ("loss", "perplexity", "bits_per_byte", "accuracy", "f1", "recall")
    ]
    assert "likelihood on valid" in err
    (path,) = folder.parent.glob("likelihood-*/record.json")
    written = path.stat().st_mtime_ns
    (folder / "model.safetensors").unlink()
    again, err = call(monkeypatch, capsys, f"run='{record.id[:7]}'", runs, "documents=5")
    assert again == out
    assert err == f"likelihood-{record.name}: record {load(path).id} exists, nothing to measure\n"
    assert path.stat().st_mtime_ns == written
    with pytest.raises(StudyError, match=r"is missing: only the record is left"):
        evaluate_config(compose_config("evaluate", [f"run='{record.id}'", runs, "documents=6"]))


def test_a_record_holds_what_was_trained_and_how_it_was_measured(trained, measured):
    record = measured("measure=reading", "measure.lengths=[0,5]", "measure.targets=8", "documents=6", "split=test")
    target = "lmstudy.models.transformer.Seq2SeqTransformer"
    assert (record.kind, record.config["run"]["config"]["model"]["_target_"]) == ("evaluation", target)
    assert record.config["run"]["id"] == trained.record.id
    assert record.config["run"]["name"] == trained.record.name
    assert record.config["measure"] == {
        "name": "reading", "split": "test", "documents": 6, "task": "continue", "lengths": [0, 5], "targets": 8
    }  # fmt: skip
    assert (record.config["measure"]["name"], record.config["data"]) == ("reading", None)


def test_the_id_is_that_of_run_measure_and_data_alone(trained, measured, other_tokens):
    base = measured("documents=5")
    own_data = [x for x in other_tokens if "vocab_size" not in x] + ["data.tokenizer.vocab_size=512"]
    assert measured("documents=5", *own_data).id == base.id  # the run's own corpus, named
    others = [["documents=6"], ["documents=5", "split=test"], ["documents=5", *other_tokens]]
    assert len({base.id, *(measured(*overrides).id for overrides in others)}) == 4


def test_a_sweep_over_measures_makes_a_record_each(own_run, monkeypatch, capsys):
    record, folder, runs = own_run
    small = ["documents=4", "measure=likelihood,memorisation"]
    call(monkeypatch, capsys, "-m", f"run='{record.id}'", runs, *small)
    found = [load(path) for path in folder.parent.glob("*/record.json")]
    assert sorted(r.kind for r in found) == ["evaluation", "evaluation", "train"]


def test_records_are_listed_and_published_and_are_no_training_runs(own_run, tmp_path, monkeypatch, capsys):
    record, folder, runs = own_run
    monkeypatch.setattr(provenance, "commit", lambda: "c" * 40)
    made = evaluate_config(compose_config("evaluate", [f"run='{record.id}'", runs, "documents=5"]))
    rows = {row["id"]: row for row in runs_cli.list_runs(folder.parent)}
    assert rows[made.id]["name"] == f"likelihood-{record.name}"
    assert rows[made.id]["detail"].startswith(f"likelihood of {record.id} on valid, ")
    assert "bits per byte on valid" in rows[record.id]["detail"]
    published = tmp_path / "published"
    published.mkdir()
    monkeypatch.setenv("LMSTUDY_RECORDS", str(published))
    publish(made.id, folder.parent)
    assert [r.id for r in load_folder(published)] == [made.id]
    assert json.loads((published / f"{made.name}-{made.id}.json").read_text())["kind"] == "evaluation"
    for name in (made.id, made.id[:9], str(folder.parent / f"{made.name}-{made.id}")):
        with pytest.raises(StudyError, match=r"is a record of kind 'evaluation', not a training run"):
            evaluate_config(compose_config("evaluate", [f"run='{name}'", runs]))
    with pytest.raises(StudyError, match="kind 'evaluation'"):
        load_run(folder.parent / f"{made.name}-{made.id}")
    alike = shutil.copytree(folder.parent / f"{made.name}-{made.id}", folder.parent / f"other-{record.id[:4]}")
    assert find_folder(record.id[:4], folder.parent, kind="train") == folder
    with pytest.raises(StudyError, match="several finished runs fit"):
        find_folder(record.id[:4], folder.parent)
    shutil.rmtree(alike)
    with pytest.raises(StudyError, match="run=: name a run by its id, the beginning of it, or its folder"):
        find_folder("", folder.parent, kind="train")
    with pytest.raises(StudyError, match=r"run=zz: no finished run in .*/none, which is no folder, has that id"):
        find_folder("zz", folder.parent / "none")
    with pytest.raises(StudyError, match=f"run=zz: no finished run in .* has that id; choose from {folder.name}$"):
        find_folder("zz", folder.parent, kind="train")


def test_what_code_outside_of_any_commit_made_is_not_published(own_run, tmp_path, monkeypatch):
    record, folder, runs = own_run
    monkeypatch.setattr(provenance, "commit", lambda: f"{'c' * 40}+dirty")
    made = evaluate_config(compose_config("evaluate", [f"run='{record.id}'", runs, "documents=5"]))
    monkeypatch.setenv("LMSTUDY_RECORDS", str(tmp_path))
    with pytest.raises(StudyError, match="was made by code that differed from commit ccccccc: commit it, and make"):
        publish(made.id, folder.parent)
    assert load_folder(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["measure=speed"], "measure=speed: no such choice; choose from attention, "),
        (["data=none"], "data=none: no such choice; choose from "),
        (["measure=reading", "measure.length=3"], "measure.length: unknown key; did you mean measure.lengths?"),
        (["split=valid_files"], "split=valid_files: there is none here; choose from test, valid"),
        (["data=files", "data.path=/nowhere"], "data.path='/nowhere' is no folder"),
    ],
)
def test_mistakes_are_one_line(trained, tmp_path, monkeypatch, capsys, arguments, message):
    with pytest.raises(SystemExit):
        call(monkeypatch, capsys, f"run={trained.run.folder}", f"runs={tmp_path}", *arguments)
    shown = capsys.readouterr().err
    assert message in shown.splitlines()[-1]
    assert "Traceback" not in shown


def test_the_settings_of_every_measure_are_known_without_importing_torch():
    script = """
import subprocess
import sys
from lmstudy.compose import compose_config
from lmstudy.measures.evaluate import asked

for name in sys.argv[1:]:
    given = ["measure.teacher=x"] if name == "divergence" else []
    assert asked(compose_config("evaluate", ["run=x", f"measure={name}", *given]))[1]["name"]
heavy = {"torch", "lightning", "transformers", "datasets"} & set(sys.modules)
assert not heavy, heavy
"""
    choices = sorted(path.stem for path in (ROOT / "conf" / "measure").glob("[!_]*.yaml"))
    subprocess.run([sys.executable, "-c", script, *choices], check=True)
