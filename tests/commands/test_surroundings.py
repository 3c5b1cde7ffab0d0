"""Commands where things are not as at home: terminals, pipes, folders, batch systems, other people's settings."""

import os
import subprocess
import sys

import pytest

from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from tests.conftest import ROOT, command


def run(arguments: list[str], **environment: str | None) -> subprocess.CompletedProcess:
    """A command in surroundings of its own; a variable that is None is not there."""
    around = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    env = {name: value for name, value in around.items() if value is not None}
    return subprocess.run(arguments, capture_output=True, check=False, env=env)


def settled(code: str) -> list[str]:
    return [sys.executable, "-c", f"import lmstudy.commands\n{code}"]


def test_what_a_terminal_cannot_print_is_printed_as_escapes():
    done = run(settled("print('语料 naïve')"), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (done.returncode, done.stdout) == (0, b"\\u8bed\\u6599 na\\xefve\n")


def test_a_pipe_that_closes_ends_a_command_without_a_word():
    shell = f'{sys.executable} -c "import lmstudy.commands\nfor i in range(99999): print(i)" | head -1'
    done = run(["bash", "-c", shell])
    assert (done.stdout, done.stderr) == (b"0\n", b"")
    late = f'{sys.executable} -c "import time, lmstudy.commands\nprint(1)\ntime.sleep(0.5)" | true'
    assert run(["bash", "-c", late]).stderr == b""


def test_what_cannot_be_printed_any_more_is_an_error():
    for module, option in (("train", "--help"), ("runs", "--help")):
        done = run(["bash", "-c", f"{' '.join(command(module, option))} > /dev/full"], PYTHONUNBUFFERED=None)
        assert done.returncode == 1
        assert b"No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr


def test_variables_that_libraries_stop_at_are_passed_over():
    code = "import os\nprint(os.environ['MPLBACKEND'], os.environ.get('RANK'), os.environ['LOCAL_RANK'])\n"
    done = run(settled(code + "import lightning, matplotlib.pyplot"), MPLBACKEND="none", RANK="abc", LOCAL_RANK="1")
    assert done.stdout == b"Agg None 1\n", done.stderr
    assert b"RANK='abc' is no number of a process, and is passed over" in done.stderr


def test_a_name_that_is_no_text_is_refused_before_anything_is_done():
    done = run([*map(os.fsencode, command("train")), b"data.path=\xd3\xef\xc1\xcf"])  # type: ignore[list-item]
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        rb"lmstudy-train: 'data.path=\udcd3\udcef\udcc1\udccf' is no text in utf-8: rename it, or set PYTHONUTF8=1 "
        rb"where a terminal is not UTF-8"
    ]


def test_without_a_home_one_line_says_what_to_set(monkeypatch):
    def homeless(*arguments):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("LMSTUDY_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_path", homeless)
    with pytest.raises(StudyError, match=r"no home folder .*: set LMSTUDY_CACHE=FOLDER"):
        cache_folder()


def test_a_cache_whose_folder_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (str(tmp_path / "file" / "cache"), "/proc/nothing/cache"):
        code = f"""from lmstudy.data.cache import stage
from pathlib import Path
try:
    stage(Path({place!r}), "documents", "1", lambda folder: None)
except Exception as error:
    print(type(error).__name__, error)"""
        told = run(settled(code)).stdout.decode()
        assert told.startswith(f"StudyError cannot write to the cache folder {place}: ")
        assert "set LMSTUDY_CACHE to another folder" in told
