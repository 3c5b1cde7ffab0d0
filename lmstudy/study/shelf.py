"""The one way to find or make a record: compose what a command line asks for, and compare it exactly.

A notebook opens a shelf that makes what is missing; claims look at the published records alone:

    shelf = Shelf.open(runs)                                              # published, in `runs`, or made now
    runs = shelf.trained("experiment=pep8", "objective=mle", seeds=(1, 2, 3))
    judged = shelf.measured(runs, "measure=pep8")

    shelf = Shelf(records)                                                # these, and nothing is made
    runs = shelf.trained("experiment=pep8", "objective=mle")              # of whatever seeds there are

Two configurations are the same if all is the same that decides what is learned (`lmstudy.runs.identity.kept`).
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.overrides import override
from lmstudy.places import as_first
from lmstudy.runs.identity import NUMERICS, kept, with_versions
from lmstudy.runs.records import Record, load, load_folder, note_read, published_folder

Arms = dict[str, list[Record]]
"""Records of each arm of a comparison by the arm's name, ordered by seed."""
Config = Mapping[str, Any]
Data = str | Sequence[str] | None
"""A corpus in the place of the one that an experiment names: a choice of the group `data`, or overrides of it, such as
["data=files", "data.path=FOLDER"]."""

COMMANDS = {
    "train": ("train", "lmstudy.runs.pretraining:train"),
    "finetune": ("tuning", "lmstudy.runs.fine_tuning:fine_tune"),
    "reward": ("reward", "lmstudy.runs.rewards:train_reward"),
}
"""Command `lmstudy-NAME`: the kind of its records, and the function that makes one of a configuration."""

BASELINES = {
    "text": ("baseline", "lmstudy.runs.text_baseline", "kneser_ney"),
    "ratings": ("rating_baseline", "lmstudy.runs.rating_baseline", "rating_baselines"),
    "task": ("task_baseline", "lmstudy.runs.task_baseline", "task_baselines"),
}
"""What `lmstudy-baseline of=...` predicts: the kind of its records, and who knows their content and makes them."""


class NoRecordsError(StudyError):
    """Records that are wanted are not there (yet)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no records {what}")


class Shelf:
    """Records, found by what they are of.

    Args:
        records: where to look.
        makes: whether what is missing is trained, fine-tuned or measured; without, it is a NoRecordsError.
        runs: folder of runs, where records are made.
    """

    def __init__(self, records: Iterable[Record], *, makes: bool = False, runs: str = "runs") -> None:
        self.records = list(records)
        self.makes = makes
        self.runs = runs
        self.handed: list[Record] = []
        """All that were handed out, in order, by shelves of `as_is` too; whoever watches empties it."""
        self._here: set[str] = set()
        """Ids of what is in the folder of runs and not published. A shelf that makes records leaves it to their maker
        to find these, since it also compares the data."""

    @classmethod
    def open(cls, runs: str = "runs", *, makes: bool = True) -> Shelf:
        """The published records, and those of a folder of runs that are not among them.

        Raises:
            StudyError: there is no folder of published records, or a file in it is no record.
        """
        published = load_folder(published_folder())
        known = {record.id for record in published}
        here = [load(path) for path in sorted(Path(runs).glob("*/record.json"))]
        shelf = cls([*published, *(record for record in here if record.id not in known)], makes=makes, runs=runs)
        shelf._here = {record.id for record in here} - known
        return shelf

    def trained(self, *overrides: str, seeds: Sequence[int] | None = None, start: Record | None = None) -> list[Record]:
        """Runs of `lmstudy-train` with these overrides.

        Args:
            overrides: such as "experiment=pep8", "objective=mle".
            seeds: of the runs; None: all that there are.
            start: the run whose weights are the first ones (`start=ID`).

        Raises:
            NoRecordsError: one is missing (or, without seeds, all), and this shelf makes none.
            StudyError: a key or choice that does not exist, or two records of one seed.
        """
        given = [] if start is None else [override("start", start.id)]
        return self.of("train", compose_config("train", [*overrides, *given]), seeds)

    def arms(self, arms: Mapping[str, Sequence[str]], seeds: Sequence[int] | None = None) -> Arms:
        """`trained` for arms that are given by name as overrides."""
        return {name: self.trained(*overrides, seeds=seeds) for name, overrides in arms.items()}

    def rewards(self, *overrides: str, seeds: Sequence[int] | None = None) -> list[Record]:
        """Reward models of `lmstudy-reward` with these overrides; `seeds` and errors as for `trained`."""
        return self.of("reward", compose_config("reward", overrides), seeds)

    def baseline(self, *overrides: str, beside: Record | None = None) -> Record:
        """The record of `lmstudy-baseline` with these overrides, on the corpus of a run `beside` it, if one is given.

        Raises:
            NoRecordsError: it is missing, and this shelf makes none.
            StudyError: a key or choice that does not exist.
        """
        config = compose_config("baseline", list(overrides))
        if beside is not None:
            config["data"] = beside.config["data"]
        kind, module, maker = BASELINES[config["of"]]
        content = as_first(json.loads(json.dumps(importlib.import_module(module).content(config))))
        there = [r for r in self.records if r.kind == kind and r.config == content and self._counts(r)]
        if there:
            return self._handed([_alone(there)])[0]
        return self._handed([self._made(f"{module}:{maker}", {**config, "runs": self.runs}, "baseline")])[0]

    def newest_benchmark(self, workload: str) -> Record:
        """The newest record of a workload of `lmstudy-benchmark`, which measures machines; errors as of `newest`."""
        return self.newest("benchmark", f"lmstudy-benchmark workload={workload}", f"{workload}-")

    def newest(self, kind: str, command: str, name: str = "") -> Record:
        """The newest record of what a command finds out, each time anew.

        Args:
            kind: of the record.
            command: makes one.
            name: how its name begins.

        Raises:
            NoRecordsError: there is none.
        """
        found = [record for record in self.records if record.kind == kind and record.name.startswith(name)]
        if not found:
            raise NoRecordsError(f"of {command}")
        return self._handed([max(found, key=lambda record: record.started)])[0]

    def as_is(self) -> Shelf:
        """The same records; what is missing is not made."""
        same = Shelf(self.records, runs=self.runs)
        same.handed = self.handed
        return same

    def of(self, command: str, config: Config, seeds: Sequence[int] | None = None) -> list[Record]:
        """Records of a configuration by seed, whatever seed it names; `seeds` and errors as for `trained`.

        Args:
            command: of `COMMANDS`.
            config: resolved.
            seeds: None: all that there are.
        """
        kind, maker = COMMANDS[command]
        there = self._by_seed(kind, config)
        if seeds is None:
            return self._handed(list(there.values()), f"of {said(command, config)}")
        common = {**config, "runs": self.runs}
        made = [there.get(seed) or self._made(maker, common | {"seed": seed}, command) for seed in sorted(seeds)]
        return self._handed(made)

    def known(self, command: str, config: Config, seed: int) -> Record | None:
        """The record that `of` would find of a configuration and seed without making it."""
        return self._by_seed(COMMANDS[command][0], config).get(seed)

    def is_here(self, record: Record) -> bool:
        """Whether a record lies in the folder of runs and is not published."""
        return record.id in self._here

    def measured(self, records: Sequence[Record], *overrides: str) -> list[Record]:
        """Measurements of records by `lmstudy-evaluate` with these overrides.

        Those that are missing are made, or left out where this shelf makes none.

        Raises:
            NoRecordsError: there is none.
            StudyError: a key or choice that does not exist, or a measurement of a run whose weights are gone.
        """
        from lmstudy.measures.evaluate import asked

        config = compose_config("evaluate", ["run=any", *overrides])
        settings = json.loads(json.dumps(asked(config, self._whole)[1]))  # tuples as records keep them
        found = []
        for record in records:
            data = None if config["data"] == record.config.get("data") else config["data"]
            known = [one for one in self._measurements[record.id] if one.config["measure"] == settings]
            if there := [one for one in known if one.config["data"] == data]:
                found.append(_alone(there))
            elif self.makes:
                given = {**config, "run": record.id, "runs": self.runs}
                found.append(self._made("lmstudy.measures.evaluate:evaluate", given, "evaluate"))
        return self._handed(found, f"of lmstudy-evaluate {' '.join(overrides)} of {_names(records)}")

    def _whole(self, name: str) -> str:
        """The id of the one training record here that a measure names; the name where that is not clear."""
        named = [record for record in self.records if record.kind == "train"]
        fitting = {r.id for r in named if r.id.startswith(name) or f"{r.name}-{r.id}" == Path(name).name}
        return fitting.pop() if name and len(fitting) == 1 else name

    def measurements(self, arms: Mapping[str, Sequence[Record]], *overrides: str) -> Arms:
        """`measured` of every arm."""
        return {name: self.measured(records, *overrides) for name, records in arms.items()}

    def _made(self, maker: str, config: dict[str, Any], command: str) -> Record:
        if not self.makes:
            raise NoRecordsError(f"of {said(command, config)}")
        print(f"{said(command, config)}: no published record, taken from {self.runs} or made now", file=sys.stderr)
        module, _, name = maker.partition(":")
        make: Callable[[Config], Record] = getattr(importlib.import_module(module), name)
        return make(config)

    def _by_seed(self, kind: str, config: Config) -> dict[int, Record]:
        found: dict[Any, list[Record]] = defaultdict(list)
        for record in self._index[kind, _key(with_versions(config))]:
            found[record.seed].append(record)
        return {seed: _alone(found[seed]) for seed in sorted(found)}

    @cached_property
    def _index(self) -> dict[tuple[str, str], list[Record]]:
        index = defaultdict(list)
        kinds = {kind for kind, _ in COMMANDS.values()}
        for record in self.records:
            if record.kind in kinds and self._counts(record):
                index[record.kind, _key(record.config)].append(record)
        return index

    @cached_property
    def _measurements(self) -> dict[str, list[Record]]:
        """By the id of what was measured."""
        found: dict[Any, list[Record]] = defaultdict(list)
        for record in self.records:
            if record.kind == "evaluation" and self._counts(record):
                found[record.config["run"]["id"]].append(record)  # type: ignore[index,call-overload]
        return found

    def _counts(self, record: Record) -> bool:
        return record.numerics == NUMERICS and not (self.makes and record.id in self._here)

    def _handed(self, records: list[Record], what: str = "") -> list[Record]:
        if not records:
            raise NoRecordsError(what)
        note_read(records)
        self.handed += records
        return records


def said(command: str, config: Config) -> str:
    """What a configuration is of, in a line: its command, experiment or task, objective, budget and seed."""
    parts = [f"lmstudy-{command}"]
    for key in ("experiment", "task", "data", "objective", "budget", "examples", "run", "half", "seed"):
        value = config.get(key)
        if isinstance(value, Mapping):
            value = value.get("name") or str(value.get("_target_", "")).rpartition(".")[2]
        if value not in (None, ""):
            parts.append(f"{key}={value}")
    return " ".join(parts)


def _key(config: Config) -> str:
    """The same for configurations that differ in nothing but seed and what does not count."""
    own = {name: value for name, value in kept(config).items() if name != "seed"}
    return json.dumps(own, sort_keys=True, default=str)


def _alone(records: Sequence[Record]) -> Record:
    """Raises StudyError where several records are of one thing."""
    if len(records) > 1:
        ids = ", ".join(record.id for record in records)
        raise StudyError(f"records {records[0].name} ({ids}) are of one seed: keep one of them")
    return records[0]


def _names(records: Sequence[Record]) -> str:
    return ", ".join(record.name for record in records[:3]) + (", ..." if len(records) > 3 else "")


def data_overrides(data: Data) -> list[str]:
    """Overrides of a command for `data`."""
    return [override("data", data)] if isinstance(data, str) else list(data or [])
