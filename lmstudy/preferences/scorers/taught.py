"""Whose judgements taught a scorer: no grader is held out that learned from what steered the training."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lmstudy.places import first


class Taught(NamedTuple):
    """What people said of the texts of a corpus."""

    corpus: str
    """The class of its source."""
    half: str
    """Of the texts and of what was said of each: A, B or all."""


def taught_by(settings: Mapping[str, Any]) -> Taught | None:
    """What a scorer's configuration rests on; None for rules, which nobody's judgements taught.

    Raises:
        StudyError: its reward model is not to be found.
    """
    source = settings.get("source")
    if isinstance(source, Mapping) and "_target_" in source:  # looks up what people said
        return Taught(first(str(source["_target_"])), "all")
    if "model" not in settings or "runs" not in settings:
        return None
    from lmstudy.preferences.scorers.reward_model import find  # torch

    path = find(str(settings["model"]), Path(settings["runs"])) / "record.json"
    if not path.is_file():  # a folder of its own, that tells nothing of its teachers
        return None
    config = json.loads(path.read_text(encoding="utf-8")).get("config", {})
    return Taught(first(str(config["data"]["_target_"])), str(config["half"])) if "half" in config else None


def shared(one: Taught | None, other: Taught | None) -> bool:
    """Whether some of the same judgements taught both."""
    if one is None or other is None or one.corpus != other.corpus:
        return False
    return one.half == other.half or "all" in (one.half, other.half)
