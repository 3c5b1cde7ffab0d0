import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from lmstudy.data.cache import digest, stage
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder


def write(folder: Path) -> None:
    (folder / "part").write_text("whole")


def die_halfway(cache: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "part").write_text("ha")
        os.kill(os.getpid(), signal.SIGKILL)

    stage(cache, "documents", "1", build)


def test_a_killed_stage_is_absent_and_then_built(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=die_halfway, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "corpora" / "documents-1").exists()
    assert [path.name for path in (tmp_path / "corpora").glob(".*.partial")] == [".documents-1.partial"]
    assert (stage(tmp_path, "documents", "1", write) / "part").read_text() == "whole"
    assert not list((tmp_path / "corpora").glob(".*.partial"))


def test_a_failed_stage_leaves_nothing(tmp_path):
    def fail(folder: Path) -> None:
        write(folder)
        raise KeyError("reason")

    with pytest.raises(KeyError):
        stage(tmp_path, "documents", "1", fail)
    assert [path for path in (tmp_path / "corpora").iterdir() if path.is_dir()] == []


def test_a_complete_stage_is_read_from_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    folder = stage(tmp_path, "documents", "1", write)
    monkeypatch.setattr("lmstudy.data.cache.alone", lambda *_: pytest.fail("wrote a lock"))
    assert stage(tmp_path, "documents", "1", lambda _: pytest.fail("built again")) == folder


def test_full_disk_and_blocked_folder(tmp_path):
    def full(folder: Path) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(StudyError, match=r"No space left on device.*LMSTUDY_CACHE"):
        stage(tmp_path, "documents", "1", full)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudyError, match=rf"cannot write to the cache folder {tmp_path}/file"):
        stage(tmp_path / "file", "documents", "1", write)


def test_folder_is_chosen_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("LMSTUDY_CACHE")
    assert cache_folder().name == "lmstudy"


def test_digest_ignores_the_order_of_keys_only():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})
    assert len(digest({})) == 16


@pytest.mark.parametrize("told", [OSError(28, "No space left on device"), Exception("I/O error (os error 28)")])
def test_a_disk_that_fills_is_told_whatever_a_library_makes_of_it(tmp_path, told):
    def fill(folder):
        try:
            raise told
        except Exception as error:
            raise ValueError("a writer was closed before it was done") from error

    with pytest.raises(StudyError, match=r"cannot write to the cache folder .*: No space left on device; free some"):
        stage(tmp_path, "documents", "1", fill)
    assert not [path for path in (tmp_path / "corpora").iterdir() if not path.name.endswith(".lock")]
