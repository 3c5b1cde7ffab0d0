"""Records of the study of preferences, found among others by what they are of; for claims, which train nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lmstudy.compose import compose_config
from lmstudy.runs.records import Record, load, load_folder, published_folder
from lmstudy.study.claims import NoRecordsError
from lmstudy.study.preferences import BUDGETS, OBJECTIVES, VARIANTS


def available(runs: Path | str = "runs") -> list[Record]:
    """All published records, and those of a folder of runs that are not among them."""
    published = load_folder(published_folder())
    known = {record.id for record in published}
    here = [load(path) for path in sorted(Path(runs).glob("*/record.json"))]
    return [*published, *(record for record in here if record.id not in known)]


def arm(records: Sequence[Record], task: str, name: str, budget: str | None = None) -> list[Record]:
    """Training records of an arm (`lmstudy.study.preferences`) by seed; without a budget, of the task's own.

    Raises:
        NoRecordsError: there is none.
    """
    budget = budget or BUDGETS[task]
    wanted = _expected((OBJECTIVES | VARIANTS)[name], budget)
    found = [r for r in records if r.kind == "train" and _fits(r.config, task, budget, wanted)]
    if not found:
        raise NoRecordsError(f"of task={task}, arm {name!r}, budget={budget}")
    return sorted(found, key=lambda record: record.seed or 0)


def post_trained(records: Sequence[Record], bases: Sequence[Record], method: str) -> list[Record]:
    """What became of runs by "dpo" or by "conditional" fine-tuning, by seed.

    Raises:
        NoRecordsError: there is none.
    """
    ids = {record.id for record in bases}
    found = [r for r in records if r.kind == "train" and r.config.get("start") in ids]
    found = [r for r in found if bool(r.config.get("dpo")) == (method == "dpo")]
    if not found:
        raise NoRecordsError(f"of runs that {method} made of {', '.join(sorted(ids))}")
    return sorted(found, key=lambda record: record.seed or 0)


def measures(
    records: Sequence[Record], runs: Sequence[Record], name: str = "preference", **settings: Any
) -> list[Record]:
    """Measurements of training records by seed; of the measure's settings those not given are the usual ones.

    Raises:
        NoRecordsError: there is none.
    """
    ids = {record.id for record in runs}
    wanted = {**USUAL.get(name, {}), **settings}
    found = []
    for record in records:
        if record.kind != "evaluation":
            continue
        config: Any = record.config
        fits = all(config["measure"].get(key) == value for key, value in wanted.items())
        if config["run"]["id"] in ids and config["measure"]["name"] == name and fits:
            found.append(record)
    if not found:
        raise NoRecordsError(f"of the measure {name} ({settings}) of {', '.join(sorted(ids))}")
    return sorted(found, key=lambda record: record.seed or 0)


USUAL: dict[str, dict[str, Any]] = {"preference": {"control": "auto", "guidance": 1.0, "best_of": 1}}
"""What a measurement is asked for where nothing else is said."""


def judged(records: Sequence[Record], task: str, name: str, budget: str | None = None, **settings: Any) -> list[Record]:
    """`measures` of an arm's samples."""
    return measures(records, arm(records, task, name, budget), **settings)


@cache
def _choice(group: str, name: str) -> dict[str, Any]:
    return compose_config("train", [f"{group}={name}"])[group]


def _expected(overrides: tuple[str, ...], budget: str) -> dict[str, dict[str, Any]]:
    """What the configuration of an arm must hold, by group."""
    expected: dict[str, dict[str, Any]] = {"objective": {}, "budget": dict(_choice("budget", budget)), "scorer": {}}
    for override in overrides:
        key, _, given = override.partition("=")
        group, _, name = key.partition(".")
        if name:
            expected[group][name] = yaml.safe_load(given)
        else:
            expected[group] |= _choice(group, given)
    return expected


def _fits(config: Mapping[str, Any], task: str, budget: str, expected: Mapping[str, Mapping[str, Any]]) -> bool:
    if config.get("experiment") != task or config["budget"]["name"] != budget:
        return False
    if config.get("start") or config.get("dpo") or dict(config["objective"]) != expected["objective"]:
        return False
    if config["pretraining"]["_target_"] != _choice("pretraining", "prefix_lm")["_target_"]:
        return False  # of a chapter on applications
    usual: dict[str, Any] = {"divided_twice": False}  # also where a scorer knows no such key
    own = usual | dict(config.get("scorer") or {})
    if any(own.get(key) != value for key, value in (usual | dict(expected["scorer"])).items()):
        return False
    return all(config["budget"][key] == expected["budget"][key] for key in ("steps", "d_model"))
