"""Functions in fresh processes: their results, their errors, their threads, and that none is left behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lmstudy.benchmark.processes import measure, measure_together, wait_for_others
from lmstudy.errors import StudyError

HERE = "tests.benchmark.test_processes"


def surroundings(word):
    print("a library's own words")  # must not come between the messages
    return {"word": word, "threads": os.environ["OMP_NUM_THREADS"], "process": os.getpid()}


def meeting(seconds):
    time.sleep(seconds)
    came = time.time()
    wait_for_others()
    return {"came": came, "went": time.time()}


def failing(leave):
    if leave:
        os._exit(3)
    raise ValueError("the milk is sour")


def starting_a_child(file):
    program = "import sys, time\nwhile True: print('here', file=open(sys.argv[1], 'a')); time.sleep(0.02)"
    subprocess.Popen([sys.executable, "-c", program, file])
    while not (Path(file).exists() and Path(file).stat().st_size):
        time.sleep(0.02)
    return {}


def test_results_come_from_another_process_with_its_own_threads():
    found = measure(f"{HERE}.surroundings", {"word": "ä"}, threads=3)
    assert found == {"word": "ä", "threads": "3", "process": found["process"]}
    assert found["process"] != os.getpid()


def test_processes_go_on_together():
    found = measure_together(f"{HERE}.meeting", [{"seconds": 0.0}, {"seconds": 0.3}], threads=1)
    assert min(each["went"] for each in found) >= max(each["came"] for each in found)
    wait_for_others()  # called directly, it waits for nobody


@pytest.mark.parametrize(("leave", "cause"), [(False, "ValueError: the milk is sour"), (True, "ended with status 3")])
def test_a_failure_names_the_function_and_the_cause(leave, cause):
    with pytest.raises(StudyError, match=f"failing failed: .*{cause}"):
        measure(f"{HERE}.failing", {"leave": leave}, threads=1)


def test_what_a_process_started_ends_with_it(tmp_path):
    file = tmp_path / "words"
    measure(f"{HERE}.starting_a_child", {"file": str(file)}, threads=1)
    said = file.stat().st_size
    time.sleep(0.2)
    assert file.stat().st_size == said > 0
