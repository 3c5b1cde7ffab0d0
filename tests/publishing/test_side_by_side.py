import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lmstudy.errors import StudyError
from lmstudy.publishing import side_by_side
from lmstudy.publishing.parameters import read_notebook
from lmstudy.publishing.side_by_side import Job, run_jobs, seconds_before
from tests.publishing.notebook_files import outputs, write_notebook

THREADS = "import os\nprint(*(os.environ.get(name) for name in ('OMP_NUM_THREADS', 'RAYON_NUM_THREADS')))"


def job(folder: Path, name: str, *cells: str) -> Job:
    return Job(write_notebook(folder / f"{name}.ipynb", *cells), folder / "out" / f"{name}.ipynb", {}, ids_read)


def ids_read(read: list[str]) -> dict[str, object]:
    return {"read": read}


def meets(own: Path, other: Path) -> str:
    """A cell that ends well only if the cell of another notebook runs at the same time."""
    return f"""import pathlib, time
pathlib.Path({str(own)!r}).touch()
end = time.monotonic() + 60
while not pathlib.Path({str(other)!r}).exists():
    assert time.monotonic() < end
    time.sleep(0.05)"""


def test_two_run_at_the_same_time_and_share_the_cores(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(side_by_side, "processors", lambda: 6)
    monkeypatch.delenv("RAYON_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    one, two = tmp_path / "one", tmp_path / "two"
    jobs = [job(tmp_path, "01_a", meets(one, two), THREADS), job(tmp_path, "02_b", meets(two, one), THREADS)]
    run_jobs(jobs)
    for own in jobs:
        assert outputs(own.output).split() == ["5", "3"]  # what the user set stays
        assert read_notebook(own.output).metadata.lmstudy == {"read": []}
    assert "RAYON_NUM_THREADS" not in os.environ
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2  # in a log, one line each
    assert all(re.fullmatch(r"  0\d_\w\.ipynb +4 cells +\d+\.\d s", line) for line in said)


def test_a_failure_stops_no_other_and_each_is_reported_whole(tmp_path, capsys):
    jobs = [
        job(tmp_path, "01_a", "x = 0", "1 / x"),
        job(tmp_path, "02_b", "import os\nos._exit(3)"),
        job(tmp_path, "03_c", "print('fine')"),
    ]
    with pytest.raises(StudyError) as caught:
        run_jobs(jobs, at_once=1)
    message = str(caught.value)
    assert message.startswith("2 notebooks failed:\n\n")
    assert "01_a.ipynb: cell 4 of 4 failed with ZeroDivisionError" in message
    assert "    1 / x" in message
    assert "02_b.ipynb: the kernel died" in message
    assert outputs(jobs[2].output) == "fine\n"
    assert "01_a.ipynb" in capsys.readouterr().out.splitlines()[0]


def test_notebooks_that_need_one_run_wait_for_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    makes = f"""import pathlib, time
from lmstudy.waiting import alone
made = pathlib.Path({str(tmp_path)!r}, "made")
with alone(made.with_name(".lock"), "run r"):
    if not made.exists():
        time.sleep(2)
        made.touch()
        print("made")"""
    jobs = [job(tmp_path, "01_a", makes), job(tmp_path, "02_b", makes)]
    run_jobs(jobs)
    made, waited = sorted((outputs(own.output) for own in jobs), key="made\n".__ne__)
    assert made == "made\n"
    assert re.fullmatch(r"(run r is being worked on by process \d+ on \S+ \(a notebook\): waits for it\n)?", waited)


def test_the_slowest_are_begun_first(tmp_path, capsys):
    jobs = [job(tmp_path, name) for name in ("01_a", "02_b", "03_c")]
    for own, seconds in zip(jobs[:2], (1.5, 20.0), strict=True):
        write_notebook(own.output, papermill={"duration": seconds})
    assert [seconds_before(own.output) for own in jobs] == [1.5, 20.0, float("inf")]
    run_jobs(jobs, at_once=1)
    assert re.findall(r"0\d", capsys.readouterr().out) == ["03", "02", "01"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_no_kernel_stays_behind(tmp_path, ending):
    cell = f"import os, pathlib, time\npathlib.Path({str(tmp_path)!r}, f'pid-{{os.getpid()}}').touch()\ntime.sleep(300)"
    for name in ("01_a", "02_b"):
        write_notebook(tmp_path / f"{name}.ipynb", cell)
    code = f"""
from pathlib import Path
from lmstudy.publishing import side_by_side
from lmstudy.publishing.side_by_side import Job, run_jobs
side_by_side.processors = lambda: 2
if __name__ == "__main__":
    paths = sorted(Path({str(tmp_path)!r}).glob("*.ipynb"))
    run_jobs([Job(path, path.with_suffix(".out"), {{}}, dict) for path in paths])
"""
    (tmp_path / "main.py").write_text(code)
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731  (ignored in background jobs of a shell)
    group = subprocess.Popen([sys.executable, str(tmp_path / "main.py")], start_new_session=True, preexec_fn=heed)
    try:
        pids = _until(lambda: [int(p.name[4:]) for p in tmp_path.glob("pid-*")], lambda found: len(found) == 2)
        if ending == signal.SIGINT:
            os.killpg(group.pid, ending)  # as a terminal does
        else:
            group.kill()
        assert group.wait(60) != 0
        assert not _until(lambda: [pid for pid in pids if _runs(pid)], lambda alive: not alive)
        assert not _until(lambda: list(tmp_path.glob(".*partial*")), lambda left: not left)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(group.pid, signal.SIGKILL)


def _until(look, enough, seconds=60):
    end = time.monotonic() + seconds
    while not enough(found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return True
