"""Whatever leaves a record does so once, by one process, and says where and when it happened."""

from types import SimpleNamespace

import pytest
from filelock import FileLock

from lmstudy.errors import StudyError
from lmstudy.runs.identity import NUMERICS, digest
from lmstudy.runs.lifecycle import Work, measured, once
from lmstudy.runs.records import Findings, load


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


def test_what_another_process_works_on_is_left_alone(work):
    work.folder.mkdir(parents=True)
    with FileLock(work.folder / ".lock"):
        with pytest.raises(StudyError, match="is being worked on by another process: wait for it or stop it"):
            once(work, pytest.fail)
        assert once(work, lambda: "made", alone=False) == "made"  # another process of a distributed run


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
