"""Workload `startup`: how long the commands take to say what they do. There is no peer."""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from lmstudy.benchmark.contest import rotated
from lmstudy.benchmark.ratios import curve
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds

BARE, IMPORT = "python -c pass", "import lmstudy"


@dataclass(frozen=True)
class Startup:
    """Seconds of `--help` of every console script, of `import lmstudy`, and of Python alone, in turns.

    Args:
        repeats: how often each is started.
    """

    name: ClassVar[str] = "startup"
    repeats: PositiveInt

    def run(self, bench: Bench) -> Result:
        """Mean seconds of each, the slowest script first."""
        programs = {BARE: "pass", IMPORT: IMPORT, **scripts()}
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for name, program in programs.items():
            once(name, program)  # not counted: reads the files from the disk and writes bytecode
        for number in range(self.repeats):
            for name in rotated(list(programs), number):
                seconds[name].append(once(name, programs[name]))
        return result(seconds)


def scripts() -> dict[str, str]:
    """Console scripts of the project by name, each as the program that pip writes for it, with `--help`."""
    found = [entry for entry in entry_points(group="console_scripts") if entry.module.split(".")[0] == "lmstudy"]
    if not found:
        raise StudyError("the commands of lmstudy are not installed: pip install -e . in the checkout")
    return {
        f"{entry.name} --help": f"import sys; sys.argv = [{entry.name!r}, '--help']; "
        f"from {entry.module} import {entry.attr.split('.')[0]}; sys.exit({entry.attr}())"
        for entry in found
    }


def once(name: str, program: str) -> float:
    """Seconds of a Python process that runs a program. Raises StudyError when it fails."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StudyError(f"{name} ended with status {done.returncode}: {last}")
    return seconds


def result(seconds: Mapping[str, list[float]]) -> Result:
    """Lines, the slowest program first, and a curve of seconds for each."""
    lines = []
    means = {name: over_rounds(values) for name, values in seconds.items()}
    for name, found in sorted(means.items(), key=lambda pair: -pair[1].value):
        lines.append(Line.of("seconds", "s", found, contender=name, rounds=found.n, better="lower"))
    curves = {f"{name}/seconds": curve(np.array(values)) for name, values in seconds.items()}
    return Result(lines, curves=curves, notes=[f"Python alone takes {means[BARE].value:.3f} s of each"])
