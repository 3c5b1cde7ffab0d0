"""Adds pinned packages to a config, whose comments and order stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from lmstudy.atomic import write_text
from lmstudy.data.artefacts.fetching import Artefact
from lmstudy.errors import StudyError

ROLES = ("train", "valid", "test")
"""In the order of reading: of two duplicates the first is kept, so what is trained on stands first."""


def entry(artefact: Artefact) -> str:
    """An artefact as a config pins it: lines of YAML, not indented."""
    sdist = f"  sdist: {artefact.sdist}\n" if artefact.sdist else ""
    name = artefact.name if yaml.safe_load(artefact.name) == artefact.name else f'"{artefact.name}"'  # "on", "123"
    return (
        f'{name}:\n  version: "{artefact.version}"\n{sdist}  sha256: {artefact.sha256}\n'
        f"  licence: {artefact.licence}\n  role: {artefact.role}\n"
    )


def pinned(file: Path) -> dict[str, str]:
    """The versions that a config pins, by name as the index compares names.

    Raises:
        StudyError: the file cannot be read, or pins nothing in a block called "packages".
    """
    _, _, packages = _read(file)
    return {canonicalize_name(str(name)): str(value.get("version")) for name, value in packages.items()}


def add(file: Path, artefact: Artefact) -> None:
    """Write one more package into a config: after those of its role, before those that are read later."""
    text, node, packages = _read(file)
    rank = ROLES.index(str(artefact.role))
    lines = text.splitlines(keepends=True)
    later = [key for key, value in node.value if ROLES.index(packages[key.value]["role"]) > rank]
    at = later[0].start_mark.line if later else _last_line(node) + 1
    while later and lines[at - 1].strip().startswith("#"):  # such a comment belongs to what follows it
        at -= 1
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    indent = " " * node.value[0][0].start_mark.column
    new = "".join(lines[:at] + [f"{indent}{line}{end}" for line in entry(artefact).splitlines()] + lines[at:])
    written = yaml.safe_load(new)
    before = yaml.safe_load(text)
    if {**written, "packages": None} != {**before, "packages": None} or len(written["packages"]) != len(packages) + 1:
        raise StudyError(f"{file}: {artefact.name} cannot be added to it without changing the rest; add it by hand")
    write_text(file.resolve(), new)


def _read(file: Path) -> tuple[str, Any, dict[str, Any]]:
    """Text of a config, and what stands under "packages", as YAML's node and as values."""
    try:
        text = file.read_bytes().decode("utf-8")
        root, content = yaml.compose(text), yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{file}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    packages: Any = content.get("packages") if isinstance(content, dict) else None
    node = next((value for key, value in root.value if key.value == "packages"), None) if packages else None  # type: ignore[union-attr]
    if not isinstance(node, yaml.MappingNode) or node.flow_style or not isinstance(packages, dict):
        raise StudyError(f"{file}: it has no block `packages:` with an entry to go by")
    for name, value in packages.items():
        if not isinstance(value, dict) or value.get("role") not in ROLES:
            raise StudyError(f"{file}: packages.{name} has no role; it must be one of {', '.join(ROLES)}")
    return text, node, packages


def _last_line(node: Any) -> int:
    """Of what a node holds, without the comments after it."""
    return max(scalar.end_mark.line for scalar in _scalars(node))


def _scalars(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    else:
        for child in node.value:
            for one in child if isinstance(child, tuple) else (child,):
                yield from _scalars(one)
