"""The order of the pages of a book, as its `_toc.yml` gives it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def parts(file: Path) -> list[tuple[str, list[str]]]:
    """The parts of a `_toc.yml`, in order: a caption, which may be empty, and the pages."""

    def listed(entry: dict[str, Any]) -> Iterator[str]:
        if name := entry.get("root") or entry.get("file"):
            yield name
        for key in ("chapters", "sections"):
            for below in entry.get(key, []):
                yield from listed(below)

    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        ("", list(listed(told))),
        *((part.get("caption", ""), list(listed(part))) for part in told.get("parts", [])),
    ]


def contents(file: Path) -> list[str]:
    """The pages that a `_toc.yml` names, in order."""
    return [name for _, names in parts(file) for name in names]
