"""Contenders that need no library: they count."""

import os
import sys
from pathlib import Path
from typing import Any

from lmstudy.benchmark.contest import Block


class Counter:
    """Adds numbers; a block is `work` of them. Writes its name to `log` whenever it works."""

    def __init__(self, name: str, work: int, log: str | None = None, parameters: int = 100) -> None:
        self.name, self.work, self.log = name, work, log
        self.facts: dict[str, Any] = {
            "parameters": parameters,
            "shape": [1, 2, 3],
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "process": os.getpid(),
        }

    def block(self) -> float:
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{self.name}\n")
        print("a contender's own words")  # must not reach the results
        self.facts["sum"] = sum(range(self.work))
        return float(self.work)


class Clock:
    """Times itself: `units` in exactly two seconds, whatever it really took."""

    def __init__(self, units: float) -> None:
        self.units, self.facts = units, {"parameters": 1, "shape": []}

    def block(self) -> Block:
        return Block(2.0, self.units)


class Hoarder:
    """Holds so many MiB."""

    def __init__(self, mebibytes: int) -> None:
        self.held = b"x" * (mebibytes * 2**20)
        self.facts: dict[str, Any] = {}

    def block(self) -> float:
        return 1.0


class Failing:
    """Fails when built, at the n-th block, or by leaving without a word."""

    def __init__(self, at: int, leave: bool = False) -> None:
        self.left, self.leave, self.facts = at, leave, {}
        self._maybe()

    def block(self) -> float:
        self._maybe()
        return 1.0

    def _maybe(self) -> None:
        if self.left == 0:
            if self.leave:
                sys.stderr.flush()
                os._exit(3)
            raise ValueError("first line\nthe milk is sour")
        self.left -= 1
