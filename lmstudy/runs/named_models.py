"""Reward models named beyond doubt: the ids of what they judge, or steer, are made of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.runs.records import published_folder


def definite(settings: Any) -> Any:
    """A configuration in which every scorer's `model` (beside its `runs`) can mean one reward model alone.

    A name means the published model of that name, if there is one; any other model is said by its whole id. What is
    not in the folder of runs stays as it is.

    Raises:
        StudyError: a name means a published model, and the one in the folder of runs is another.
    """
    if not isinstance(settings, Mapping):
        return settings
    found = {key: definite(value) for key, value in settings.items()}
    if isinstance(found.get("model"), str) and isinstance(found.get("runs"), str):
        found["model"] = _definite(found["model"], Path(found["runs"]))
    return found


def _definite(model: str, runs: Path) -> str:
    from lmstudy.preferences.scorers.reward_model import SETTINGS, find  # torch

    try:
        folder = find(model, runs)
        own = str(json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["id"])
    except (StudyError, OSError, ValueError, KeyError):  # who asks it for a score says what is missing
        return model
    published = _published(model)
    if published and published != own:
        raise StudyError(
            f"scorer.model={model}: that name means the published model {published}, and the one in {runs} is {own}, "
            f"of other settings: say scorer.model={own}"
        )
    name = folder.name.removesuffix(f"-{own}")
    return name if _published(name) == own else own


def published_graders(settings: Any) -> dict[str, str]:
    """The ids of the published reward models that a configuration names, by their names."""
    if not isinstance(settings, Mapping):
        return {}
    found = {name: own for value in settings.values() for name, own in published_graders(value).items()}
    named = settings.get("model")
    if isinstance(named, str) and isinstance(settings.get("runs"), str) and (own := _published(named)):
        found[named] = own
    return found


def _published(name: str) -> str | None:
    """The id of the one published model of that name."""
    try:
        stems = [path.stem.rpartition("-") for path in published_folder().glob("reward-*.json")]
    except StudyError:  # there are no published records at all
        return None
    found = [own for known, _, own in stems if known == name]
    return found[0] if len(found) == 1 else None
