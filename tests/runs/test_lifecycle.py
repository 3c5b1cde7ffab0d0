"""Whatever leaves a record does so once, by one process, and says where and when it happened."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from filelock import FileLock

from lmstudy.errors import StudyError
from lmstudy.runs.identity import NUMERICS, digest
from lmstudy.runs.lifecycle import Work, measured, once
from lmstudy.runs.records import Findings, load
from tests.conftest import ROOT


@pytest.fixture
def work(tmp_path) -> Work:
    typed = SimpleNamespace(runs=str(tmp_path / "runs"))
    return Work(kind="evaluation", id=digest("a"), name="made", config={"a": 1}, typed=typed, data="f" * 16, seed=3)


def test_what_was_found_is_recorded_once_with_what_it_is_of(work, capsys):
    found = [Findings({"x": 0.5}, {"x": [[1.0, 2.0]]}, ["text"], notes="fine")]
    record = measured(work, found.pop)  # a second call would find nothing
    assert (record.kind, record.id, record.name, record.config) == ("evaluation", work.id, "made", {"a": 1})
    assert (record.data, record.seed, record.numerics) == ("f" * 16, 3, NUMERICS)
    assert (record.metrics, record.samples, record.notes) == ({"x": 0.5}, ["text"], "fine")
    assert record.started <= record.finished
    assert {"python", "torch", "lightning", "tokenizers", "datasets"} <= set(record.versions)
    assert measured(work, found.pop) == record == load(work.record_path)
    told = capsys.readouterr().err.splitlines()
    assert told == [f"made: finished, {work.record_path}", f"made: record {work.id} exists, nothing to measure"]


def test_what_another_process_works_on_is_left_alone_where_nobody_may_wait(work, monkeypatch):
    monkeypatch.setenv("LMSTUDY_NO_WAIT", "1")
    work.folder.mkdir(parents=True)
    with FileLock(work.folder / ".lock"):
        with pytest.raises(StudyError, match="is being worked on by another process: wait for it or stop it"):
            once(work, pytest.fail)
        assert once(work, lambda: "made", alone=False) == "made"  # another process of a distributed run


def test_what_another_process_works_on_is_waited_for_and_said(work, capsys):
    record = measured(work, lambda: Findings({"x": 1.0}))
    content = work.record_path.read_text()
    work.record_path.unlink()
    code = f"""import sys, time
from pathlib import Path
from lmstudy.waiting import alone
with alone(Path({str(work.folder)!r}, ".lock"), "it"):
    print("held", flush=True)
    time.sleep(1)
    Path({str(work.record_path)!r}).write_text(sys.argv[1])"""
    with subprocess.Popen([sys.executable, "-c", code, content], stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        assert once(work, pytest.fail) == record
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"run {work.folder} is being worked on by process {other.pid} on ")
    assert said.endswith(": waits for it")
    assert not list(work.folder.glob("*.holder"))


def test_what_another_process_made_while_this_one_waited_for_the_folder_is_taken(work, monkeypatch):
    record = measured(work, lambda: Findings({"x": 1.0}))
    looked = iter([False, True])
    monkeypatch.setattr(type(work.record_path), "exists", lambda path: next(looked))
    assert once(work, pytest.fail) == record


def test_what_fails_leaves_no_record_and_can_be_tried_again(work):
    with pytest.raises(ZeroDivisionError):
        measured(work, lambda: Findings({"x": 1 / 0}))
    assert not work.record_path.exists()
    assert measured(work, lambda: Findings({"x": 1.0})).metrics == {"x": 1.0}


def test_a_folder_that_cannot_be_written_is_named(work, tmp_path):
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(StudyError, match=r"cannot write to .*set runs=FOLDER"):
        once(work, pytest.fail)
