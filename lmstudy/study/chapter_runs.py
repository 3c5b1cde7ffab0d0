"""The runs behind a chapter: what its `runs.py` declares, from the tables that its notebook and claims read.

A chapter's `RUNS` is a list of `ChapterRun`. Those that are published or finished are found on a shelf; the rest can be
made, each by the command that it stands for.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.parameters import SEED
from lmstudy.runs.records import Record
from lmstudy.study.shelf import Shelf

STARTS = {"train": "start", "finetune": "run"}
"""The key that names the run which one starts from."""


@dataclass(frozen=True)
class ChapterRun:
    """One run: a command (of `lmstudy.study.shelf.COMMANDS`), overrides, a seed, and the run that it may start from."""

    command: str
    overrides: tuple[str, ...]
    seed: int
    start: ChapterRun | None = None

    def __str__(self) -> str:
        start = [f"{STARTS[self.command]}=ID"] if self.start else []
        return " ".join([f"lmstudy-{self.command}", *self.overrides, f"seed={self.seed}", *start])

    def changed(self, overrides: Sequence[str]) -> ChapterRun:
        """The same with other values of some keys, seed among them, and so the run that it starts from."""
        given = {override.partition("=")[0]: override for override in overrides}
        seed = _seed(given.pop("seed").partition("=")[2]) if "seed" in given else self.seed
        own = [override for override in self.overrides if override.partition("=")[0] not in given]
        start = self.start and self.start.changed(overrides)
        return replace(self, overrides=(*own, *given.values()), seed=seed, start=start)

    def config(self, start: Record | None) -> dict[str, Any]:
        """The resolved configuration, of a run that starts from the one of a record."""
        config = compose_config(self.command, self.overrides) | {"seed": self.seed}
        return config | {STARTS[self.command]: start.id} if start else config


def _seed(text: str) -> int:
    try:
        return int(SEED.read(text))
    except ValueError:
        raise StudyError(f"seed={text}: {SEED.right}") from None


def chapter_runs(*arms: Sequence[str], seeds: Iterable[int] = (1, 2, 3), command: str = "train") -> list[ChapterRun]:
    """Every arm, given as overrides, with every seed."""
    return [ChapterRun(command, tuple(arm), seed) for arm in arms for seed in seeds]


def declared() -> dict[str, list[ChapterRun]]:
    """`RUNS` of every chapter's `runs.py`, each run once, by the chapter's name."""
    from lmstudy import chapters

    found = {}
    for chapter in pkgutil.iter_modules(chapters.__path__, f"{chapters.__name__}."):
        if importlib.util.find_spec(f"{chapter.name}.runs"):
            module = importlib.import_module(f"{chapter.name}.runs")
            found[chapter.name.rpartition(".")[2]] = list(dict.fromkeys(module.RUNS))
    return found


def of_chapters(names: Sequence[str], overrides: Sequence[str] = ()) -> list[ChapterRun]:
    """Runs of some chapters, with other values of some keys where they are given, each once.

    Raises:
        StudyError: a chapter that is not there, or that has no runs of its own.
    """
    known = declared()
    if unknown := [name for name in names if name not in known]:
        raise StudyError(f"{unknown[0]}: no chapter with runs of its own; choose from {', '.join(known)}")
    return list(dict.fromkeys(run.changed(overrides) for name in names for run in known[name]))


def find(shelf: Shelf, run: ChapterRun) -> tuple[str, Record | None]:
    """A run's state ("published", "finished" in the folder of runs, or "missing") and record; the shelf makes none."""
    start = find(shelf, run.start)[1] if run.start else None
    if run.start and start is None:
        return "missing", None
    record = shelf.known(run.command, run.config(start), run.seed)
    return ("missing" if record is None else "finished" if shelf.is_here(record) else "published"), record


def make(shelf: Shelf, run: ChapterRun) -> Record:
    """The record of a run, made if it is missing, with the weights of the run that it starts from."""
    from lmstudy.runs.pretraining import train

    start = train(run.start.config(None) | {"runs": shelf.runs}) if run.start else None
    return shelf.of(run.command, run.config(start), [run.seed])[0]
