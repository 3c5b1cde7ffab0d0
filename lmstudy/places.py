"""Where classes live, and where they lived when the ids of runs were first made of their places.

A run's id holds the place of every class of its configuration as it was when the class was first published. A class
that moves gets a line here: its runs keep their ids, and configurations that name its old place still load.
"""

from collections.abc import Mapping
from typing import Any

MOVED: dict[str, str] = {
    "lmstudy.study.measures.preference.Preference": "lmstudy.measures.preference.Preference",
}
"""New places by old ones."""


def now(place: str) -> str:
    """Where a class lives that a configuration names by its place, old or new."""
    return MOVED.get(place, place)


def first(place: str) -> str:
    """Where it lived when it was first published: what ids and records say."""
    return next((old for old, new in MOVED.items() if new == place), place)


def as_first(node: Any) -> Any:
    """A configuration whose every `_target_` is said as it was first published."""
    if isinstance(node, Mapping):
        return {key: first(value) if key == "_target_" else as_first(value) for key, value in node.items()}
    return [as_first(one) for one in node] if isinstance(node, list) else node
