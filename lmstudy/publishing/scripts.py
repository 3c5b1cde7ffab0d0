"""Words that the book's own scripts show: literals behind the comment `/*said*/`, which editions translate."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

SAID = re.compile(r"(/\*said\*/ ?)(\"(?:[^\"\\]|\\.)*\"|`[^`]*`)")
"""The comment, and a string or a template, whose `${...}` a translation keeps."""


def scripts(static: Path) -> Iterator[Path]:
    """The scripts of the folder `book/_static` that say something."""
    for path in sorted(static.rglob("*.js")):
        if path.stat().st_size < 100_000 and SAID.search(path.read_text(encoding="utf-8")):
            yield path


def gathered(static: Path) -> dict[str, list[str]]:
    """What they say, in their order, each with the names of the scripts."""
    found: dict[str, list[str]] = {}
    for path in scripts(static):
        for _, literal in SAID.findall(path.read_text(encoding="utf-8")):
            names = found.setdefault(_text(literal), [])
            if path.name not in names:
                names.append(path.name)
    return found


def retold(source: str, tell: Callable[[str], str]) -> str:
    """A script that says what `tell` makes of its words."""

    def literal(m: re.Match[str]) -> str:
        told = tell(_text(m[2]))
        return m[1] + (f"`{told}`" if m[2].startswith("`") else json.dumps(told, ensure_ascii=False))

    return SAID.sub(literal, source)


def _text(literal: str) -> str:
    return literal[1:-1] if literal.startswith("`") else str(json.loads(literal))
