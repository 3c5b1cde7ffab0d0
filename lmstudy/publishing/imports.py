"""Which modules of the package a notebook depends on, found by reading code: nothing is imported."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from lmstudy.errors import StudyError
from lmstudy.publishing.fingerprint import files_under
from lmstudy.publishing.parameters import read_notebook

NAME = re.compile(r"\blmstudy(?:\.\w+)+")
CLAIMS = "lmstudy.study.claims"


class Imports:
    """Who names whom in the checkout `root`, as its files are when they are first looked at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        texts = [path.read_text(encoding="utf-8") for path in files_under(root / "conf", "**/*.yaml")]
        self._configured = {name for text in texts for name in NAME.findall(text)}
        self._files: dict[str, list[Path]] = {}  # by dotted name
        self._named: dict[Path, set[Path]] = {}  # by the file that names them

    def of(self, notebook: Path) -> list[Path]:
        """The files of `root/lmstudy` that may be executed when `notebook` is, sorted.

        These are the modules that its code cells or the configuration name, and all that those name in turn: in an
        import, at any depth, or in a string such as `"lmstudy.data.batches.packing"`; with the packages they lie in.
        Classes that the configuration of a benchmark names count only where the notebook can run one. A chapter's
        claims are loaded by their place: a notebook that works out claims depends on those of its own chapters.

        Raises StudyError for a code cell or a module that is not valid Python.
        """
        cells = [cell.source for cell in read_notebook(notebook).cells if cell.cell_type == "code"]
        own = {name for cell in cells for name in _names(cell, notebook)}
        if any(name.startswith(CLAIMS) for name in own):
            own |= {".".join([*name.split(".")[:3], "claims"]) for name in own if name.startswith("lmstudy.chapters.")}
        return self.of_modules(*own)

    def of_modules(self, *names: str) -> list[Path]:
        """The files of `root/lmstudy` that may be executed when modules of these dotted names are, as `of` has them."""
        found = self._closure(names, set())
        configured = self._configured
        if self.root / "lmstudy" / "benchmark" / "__init__.py" not in found:
            configured = {name for name in configured if not name.startswith("lmstudy.benchmark.")}
        return sorted(self._closure(configured, found))

    def _closure(self, names: Iterable[str], found: set[Path]) -> set[Path]:
        """`found`, and the files of `names` and all that these name in turn."""
        waiting = {path for name in names for path in self._files_of(name)}
        while waiting:
            path = waiting.pop()
            found = found | {path}
            waiting |= self._named_in(path) - found
        return found

    def _named_in(self, path: Path) -> set[Path]:
        if path not in self._named:
            names = _names(path.read_text(encoding="utf-8"), path)
            self._named[path] = {file for name in names for file in self._files_of(name)}
        return self._named[path]

    def _files_of(self, name: str) -> list[Path]:
        """The module that a dotted name leads to or into, after the packages on the way."""
        if name not in self._files:
            self._files[name] = found = []
            place = self.root
            for part in name.split("."):
                place = place / part
                if not place.is_dir():
                    break
                found.append(place / "__init__.py")
            found.append(place.with_suffix(".py"))
            found[:] = [path for path in found if path.exists()]
        return self._files[name]


def _names(source: str, place: Path) -> set[str]:
    """The package's dotted names in Python code that stands in the file `place`."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError as error:
        raise StudyError(f"{place}: this is not valid Python ({error}):\n{source}") from None
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(NAME.findall(node.value))
    return {name for name in found if name.partition(".")[0] == "lmstudy"}
