"""The runs behind a chapter: what its `runs.py` declares, from the tables that its notebook and claims read.

A chapter's `RUNS` is a tuple of `ChapterRun`. Those that are published or finished are found by their configuration, as
`lmstudy.runs.identity.kept` compares it; the rest can be made, each by the command that it stands for.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.identity import NUMERICS, kept
from lmstudy.runs.records import Record, load, load_folder, published_folder

KINDS = {"train": "train", "reward": "reward", "finetune": "tuning"}
"""Commands that make a chapter's runs, without "lmstudy-", and the kind of their records."""
STARTS = {"train": "start", "finetune": "run"}
"""The key that names the run which one starts from."""


@dataclass(frozen=True)
class ChapterRun:
    """One run: a command of `KINDS`, its overrides, its seed, and the run that it starts from, if it does."""

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
        seed = int(given.pop("seed").partition("=")[2]) if "seed" in given else self.seed
        own = [override for override in self.overrides if override.partition("=")[0] not in given]
        return replace(
            self, overrides=(*own, *given.values()), seed=seed, start=self.start and self.start.changed(overrides)
        )

    def config(self, runs: str, start: str | None) -> dict[str, Any]:
        """The resolved configuration, with the id of the run that it starts from."""
        config = compose_config(self.command, [*self.overrides, f"runs={runs}"]) | {"seed": self.seed}
        return config | {STARTS[self.command]: start} if self.start else config


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


class Finished:
    """Records of finished runs by what they are of: all that are published, and those in a folder of runs."""

    def __init__(self, runs: Path | str = "runs", published: Iterable[Record] | None = None) -> None:
        self.runs = str(runs)
        self._published = {_key(record): record for record in self._comparable(published)}
        here = [load(path) for path in sorted(Path(runs).glob("*/record.json"))]
        self._here = {_key(record): record for record in here}

    @staticmethod
    def _comparable(published: Iterable[Record] | None) -> Iterable[Record]:
        records = load_folder(published_folder()) if published is None else published
        return (record for record in records if record.numerics == NUMERICS)

    def find(self, run: ChapterRun) -> tuple[str, Record | None]:
        """Whether a run is "published", "finished" (in the folder) or "missing", and its record."""
        start = self.find(run.start)[1] if run.start else None
        if run.start and start is None:
            return "missing", None
        key = KINDS[run.command], _text(run.config(self.runs, start.id if start else None))
        for state, known in (("published", self._published), ("finished", self._here)):
            if key in known:
                return state, known[key]
        return "missing", None


def _key(record: Record) -> tuple[str, str]:
    return record.kind, _text(record.config)


def _text(config: Mapping[str, Any]) -> str:
    return json.dumps(kept(config), sort_keys=True, default=str)
