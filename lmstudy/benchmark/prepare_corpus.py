"""Workload `prepare`: how time and memory of preparing a corpus grow with its size. There is no peer."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import datasets
import numpy as np
from pydantic import PositiveFloat, PositiveInt

from lmstudy.benchmark.processes import measure, peak_bytes
from lmstudy.benchmark.ratios import log_log_slope
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.overrides import override

FILE_BYTES = 20_000
"""Size of the text files, about."""


@dataclass(frozen=True)
class Prepare:
    """Prepares local text files (`data=files`) of several sizes from nothing, each in a fresh process and cache.

    The text is that of the training documents of the `data` group, in random order and without repeats.

    Args:
        megabytes: sizes of the text.
        repeats: how often each size is prepared; sizes take turns.
    """

    name: ClassVar[str] = "prepare"
    megabytes: list[PositiveFloat]
    repeats: PositiveInt

    def run(self, bench: Bench) -> Result:
        """Slopes of log seconds and log memory over log size; 1 is linear."""
        if len(set(self.megabytes)) < 2:
            raise StudyError(f"workload.megabytes={self.megabytes}: a slope needs two different sizes")
        corpus = prepare(bench.data)
        points: list[dict[str, Any]] = []
        with tempfile.TemporaryDirectory(prefix="lmstudy-prepare-") as folder:
            for size in self.megabytes:
                write_text(corpus.splits["train"], round(size * 1e6), Path(folder) / f"{size:g}")
            for number in range(1, self.repeats + 1):
                for size in self.megabytes:
                    bench.tell(f"prepare {size:g} MB, {number} of {self.repeats}")
                    with tempfile.TemporaryDirectory(dir=folder, prefix="cache-") as cache:
                        settings = {"folder": str(Path(folder) / f"{size:g}"), "cache": cache}
                        point = measure(f"{__name__}.prepared", settings, bench.threads)
                    points.append({"megabytes": size, **point})
        return result(points, corpus.fingerprint)


def result(points: list[dict[str, Any]], data: str) -> Result:
    """Lines of points that hold `megabytes` and what `prepared` returns."""
    sizes = [point["megabytes"] for point in points]
    lines = []
    for cost, unit in (("seconds", "log s / log byte"), ("memory_above_start", "log MiB / log byte")):
        found = log_log_slope(sizes, [point[cost] for point in points])
        lines.append(Line.of(f"{cost}_slope", unit, found, rounds=found.n))
    for size in sorted(set(sizes)):
        here = [point for point in points if point["megabytes"] == size]
        for cost, unit in (("seconds", "s"), ("memory", "MiB"), ("memory_above_start", "MiB")):
            value = float(np.median([point[cost] for point in here]))
            lines.append(Line(f"{cost}_{size:g}_megabytes", unit, value=value, rounds=len(here), better="lower"))
    note = "memory is the peak of the main process; workers beside it hold a batch each, whatever the corpus"
    return Result(lines, samples=list(points), data=data, notes=[note])


def write_text(split: datasets.Dataset, size: int, folder: Path, seed: int = 0) -> None:
    """About `size` bytes of a split's documents as text files, an empty line between documents; none twice.

    Raises:
        StudyError: the split has less text.
    """
    folder.mkdir(parents=True)
    texts = split.data.column("text")
    held: list[str] = []
    written = waiting = files = 0
    for number in np.random.default_rng(seed).permutation(len(split)):
        text = texts[int(number)].as_py().strip("\n")
        held.append(text)
        waiting += len(text.encode()) + 2
        if waiting >= FILE_BYTES or written + waiting >= size:
            (folder / f"{files:05}.txt").write_text("\n\n".join(held) + "\n", encoding="utf-8")
            written, files, waiting, held = written + waiting, files + 1, 0, []
        if written >= size:
            return
    raise StudyError(
        f"workload.megabytes holds {size / 1e6:g}, and the training documents of this corpus are "
        f"{(written + waiting) / 1e6:.3g} MB of text: choose smaller sizes or another data group"
    )


def prepared(folder: str, cache: str) -> dict[str, float]:
    """Prepare the text files of a folder; seconds, and peak memory in MiB: in all, and above that at the start."""
    data = compose_config("prepare", ["data=files", override("data.path", folder)])["data"]
    before, start = peak_bytes(), time.perf_counter()
    prepare(data, Path(cache), progress=lambda line: None)
    seconds, memory = time.perf_counter() - start, peak_bytes()
    return {"seconds": seconds, "memory": memory / 2**20, "memory_above_start": (memory - before) / 2**20}
