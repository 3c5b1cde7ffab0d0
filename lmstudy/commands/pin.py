"""`lmstudy-pin`: pin releases of packages, by sha256 and licence, for a corpus to read."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmstudy.commands.language import purpose
from lmstudy.errors import StudyError
from lmstudy.terminal import guarded, path_typed

if TYPE_CHECKING:
    from lmstudy.data.artefacts.fetching import Artefact

EXAMPLES = """\
examples:
  lmstudy-pin click                                     show the entry of the newest release
  lmstudy-pin click==8.3.0 --role valid                 that of another one, to evaluate on
  lmstudy-pin click rich --into conf/data/mine.yaml     write entries into a config

A licence that is not permissive, or that the metadata do not name beyond doubt, is refused. What a package holds
is read and never executed. Places to look for packages are those of pip.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 where a package was refused."""
    parser = argparse.ArgumentParser(
        prog="lmstudy-pin",
        description=purpose("lmstudy-pin", "Pin releases of packages, by sha256 and licence, for a corpus to read."),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("packages", nargs="+", metavar="NAME[==VERSION]", help="without a version, the newest release")
    add("--role", choices=("train", "valid", "test"), default="train", help="what its texts are for (default: train)")
    add("--into", type=path_typed, metavar="FILE", help="a data config to write them into (default: they are printed)")
    add("--sdist", action="store_true", help="take an sdist where there is no wheel of pure Python")
    given = parser.parse_args(argv)
    left = "interrupted; what is pinned stays, and the same command goes on"
    return guarded("lmstudy-pin", lambda: _pin(given), left)


def _pin(given: argparse.Namespace) -> int:
    rows = pin_all([_wanted(text) for text in given.packages], given.role, given.into, given.sdist)
    print(_table(rows), file=sys.stdout if given.into else sys.stderr)
    return 1 if any(row[0] == "refused" for row in rows) else 0


def pin_all(
    wanted: Sequence[tuple[str, str | None]], role: str, into: Path | None, sdist: bool
) -> list[tuple[str, str, str]]:
    """Pin packages one after the other; (what became of it, name, detail) of each.

    Args:
        wanted: name and version of each; none for the newest.
        role: of all.
        into: the config to write them into; without one, entries are printed.
        sdist: whether an sdist will do where there is no wheel of pure Python.

    Raises:
        StudyError: the config cannot be read or written.
    """
    from packaging.utils import canonicalize_name

    from lmstudy.data.artefacts import package_index, pin_files
    from lmstudy.data.artefacts.pinning import pin
    from lmstudy.folders import cache_folder

    there = pin_files.pinned(into) if into else {}
    cache, settings = cache_folder(), package_index.pip_settings()
    rows: list[tuple[str, str, str]] = []
    for typed, version in wanted:
        name = str(canonicalize_name(typed))
        if name in there:
            rows.append(("there already", name, f"version {there[name]}"))
            continue
        try:
            pinned = pin(name, version, role, cache, settings, sdist)
        except StudyError as error:
            print(f"lmstudy-pin: {error}", file=sys.stderr)
            rows.append(("refused", name, str(error).partition(": ")[2]))
            continue
        if into:
            pin_files.add(into, pinned)
        else:
            print(pin_files.entry(pinned), end="")
        there[name] = pinned.version
        rows.append(("pinned", name, _detail(pinned)))
    return rows


def _wanted(text: str) -> tuple[str, str | None]:
    name, equals, version = text.partition("==")
    if not re.fullmatch(r"(?i)[a-z0-9]([a-z0-9._-]*[a-z0-9])?", name) or (
        equals and not re.fullmatch(r"[\w.!+]+", version)
    ):
        raise StudyError(f"{text!r} is no package; give NAME or NAME==VERSION")
    return name, version or None


def _detail(pinned: Artefact) -> str:
    return f"version {pinned.version}, {pinned.licence}, for {pinned.role}"


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{what:<{widths[0]}}  {name:<{widths[1]}}  {detail}" for what, name, detail in rows)


if __name__ == "__main__":
    sys.exit(main())
