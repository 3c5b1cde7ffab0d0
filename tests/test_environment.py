"""One set of versions: pyproject.toml, constraints.txt, environment.yml and what is installed agree."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(name): pin
    for name, pin in (line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
}


def required() -> list[Requirement]:
    return [Requirement(text) for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]


def test_every_dependency_is_pinned_to_a_version_it_allows():
    for requirement in required():
        assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)]), requirement


def test_pins_are_plain_versions_and_installed():
    for name, pin in PINS.items():
        assert re.fullmatch(r"[\w.!]+", pin), f"{name}=={pin}"
        try:
            assert version(name).split("+")[0] == pin, name
        except PackageNotFoundError:
            raise AssertionError(f"{name} is pinned and not installed") from None


def test_conda_installs_the_same_through_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, last = environment["dependencies"]
    assert last == {"pip": ["--constraint constraints.txt", "--editable .[dev]"]}
    python = next(Requirement(item) for item in conda if item.startswith("python"))
    assert python.specifier == SpecifierSet(PROJECT["requires-python"])
    makefile = (ROOT / "Makefile").read_text()
    assert "--constraint constraints.txt --editable '.[dev]'" in makefile


def test_extras_for_clusters_exist():
    assert {"ray", "submitit", "optuna", "tensorboard"} <= set(PROJECT["optional-dependencies"])
