"""The house rules that a machine can see: imports point one way, files stay small, nothing is called utils."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYERS = {
    "data": 0,
    "preferences": 1,
    "models": 1,
    "training": 2,
    "evaluation": 2,
    "tasks": 3,
    "study": 4,
    "benchmark": 5,
}
SOURCES = sorted((ROOT / "lmstudy").rglob("*.py"))


def imported(path: Path) -> set[str]:
    nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom | ast.Import)]
    names = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    names += [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    return {name.split(".")[1] for name in names if name.startswith("lmstudy.")}


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parent.name != "lmstudy"], ids=lambda p: p.stem)
def test_imports_point_one_way(path):
    own = path.relative_to(ROOT / "lmstudy").parts[0]
    others = {LAYERS[name] for name in imported(path) - {own} if name in LAYERS}
    assert all(layer < LAYERS[own] for layer in others), f"{path} imports from its own layer or one above"


def test_files_are_small():
    lengths = sorted(len(path.read_text().splitlines()) for path in SOURCES)
    assert lengths[-1] <= 400
    assert lengths[len(lengths) // 2] <= 150


def test_entry_points_read_as_a_pipeline():
    for name in ("train", "evaluate", "prepare", "baseline", "dpo", "generate"):
        assert len((ROOT / "lmstudy" / f"{name}.py").read_text().splitlines()) < 80


def test_nothing_is_called_utils():
    assert not [path for path in SOURCES if "util" in path.stem or "helper" in path.stem]


def test_every_package_is_installed():
    import tomllib

    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in SOURCES if p.name == "__init__.py"}
    assert listed == found | {"lmstudy.conf"}
