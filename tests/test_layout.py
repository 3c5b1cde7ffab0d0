"""The house rules that a machine can see: floors, no circles, chapters apart, the size of files and folders."""

import ast
import re
import tomllib
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

FLOORS = (
    ("errors",),
    ("atomic", "folders", "places", "progress", "waiting"),
    ("config", "overrides"),
    ("settling", "terminal"),
    ("compose",),
    ("parameters",),
    ("data",),
    ("preferences", "models"),
    ("training", "evaluation"),
    ("tasks",),
    ("writing",),
    ("runs",),
    ("measures",),
    ("study",),
    ("show",),
    ("publishing", "benchmark", "chapters"),
    ("commands",),
)
"""Rooms from the lowest: a room imports those below it, and not its neighbours."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in sorted((ROOT / "lmstudy").rglob("*.py"))}


@cache
def imported(module: str) -> frozenset[str]:
    """Modules of the package that a module imports, within functions, too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found & MODULES.keys())


def test_every_room_has_its_floor():
    rooms = {path.stem if path.is_file() else path.name for path in (ROOT / "lmstudy").iterdir()}
    assert rooms - {"__init__", "__pycache__"} == set(FLOOR)


@pytest.mark.parametrize("room", FLOOR)
def test_imports_point_down(room):
    wrong = [
        f"{module} imports {other}"
        for module in MODULES
        if module.split(".")[1:2] == [room]
        for other in imported(module)
        if (target := other.split(".")[1]) != room and FLOOR[target] >= FLOOR[room]
    ]
    assert not wrong


def test_nothing_imports_a_chapter_but_itself():
    wrong = [
        f"{module} imports {other}"
        for module in MODULES
        for other in imported(module)
        if other.startswith("lmstudy.chapters.") and other.split(".")[2] not in module.split(".")[2:3]
    ]
    assert not wrong


def test_a_notebook_imports_its_own_chapter_alone():
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        number, topic = int(notebook.stem[:2]), notebook.stem[3:]
        own = {"first_encoder_decoder": "first_model"}.get(topic, "applications" if 18 <= number <= 23 else topic)
        assert set(re.findall(r"lmstudy\.chapters\.(\w+)", notebook.read_text())) == {own}, notebook.name


def test_there_is_no_circle():
    try:
        TopologicalSorter({module: imported(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_a_file_is_at_most_400_lines_and_a_folder_at_most_40_files():
    assert not [m for m, path in MODULES.items() if len(path.read_text().splitlines()) > 400]
    assert not [folder for folder, files in Counter(p.parent for p in MODULES.values()).items() if files > 40]


def test_a_room_says_its_purpose():
    rooms = [path for path in MODULES.values() if path.name == "__init__.py" and path.parent.name != "lmstudy"]
    assert not [str(path) for path in rooms if not ast.get_docstring(ast.parse(path.read_text()))]


def test_nothing_is_called_utils():
    assert not [module for module in MODULES if "util" in module or "helper" in module]


def test_every_package_is_installed():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES.values() if path.name == "__init__.py"}
    assert listed == found | {"lmstudy.conf"}


def test_tests_lie_where_the_package_does():
    beside = {"book", "notebooks", "__pycache__"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} - beside
    assert folders <= {path.name for path in (ROOT / "lmstudy").iterdir() if Path(path).is_dir()}
