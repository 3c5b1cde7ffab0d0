"""The workload `startup`: every command is found and started, and a failing one is named."""

import tomllib

import pytest

from lmstudy.benchmark.startup import BARE, IMPORT, Startup, once, result, scripts
from lmstudy.errors import StudyError
from tests.benchmark.cases import bench
from tests.conftest import ROOT


def test_every_command_of_the_project_is_started():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    found = scripts()
    assert {"lmstudy-train --help", "lmstudy-runs --help"} <= set(found) <= {f"{name} --help" for name in declared}
    assert "from lmstudy.commands.train import main; sys.exit(main())" in found["lmstudy-train --help"]


def test_a_run_measures_all_of_them():
    found = Startup(repeats=1).run(bench())
    assert {line.contender for line in found.lines} == {BARE, IMPORT, *scripts()}
    seconds = [line.value for line in found.lines]
    assert seconds == sorted(seconds, reverse=True)  # the slowest is the headline
    assert all(0.005 < each < 30 for each in seconds)


def test_lines_are_means_of_logarithms():
    found = result({BARE: [0.1, 0.2, 0.4], "a --help": [0.5, 0.3, 0.4]})
    assert [(line.contender, line.rounds) for line in found.lines] == [("a --help", 3), (BARE, 3)]
    assert [line.value for line in found.lines] == pytest.approx([0.06 ** (1 / 3), 0.2])
    assert all(line.low <= line.value <= line.high for line in found.lines)
    assert found.curves["a --help/seconds"] == {"step": [1, 2, 3], "value": [0.5, 0.3, 0.4]}
    assert found.notes == ["Python alone takes 0.200 s of each"]


def test_a_failing_program_is_named():
    with pytest.raises(StudyError, match=r"x --help ended with status 1: ValueError: no"):
        once("x --help", "raise ValueError('no')")
