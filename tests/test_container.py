"""The container files name the Python, the pins and the commands that the project has; no container is needed here."""

import json
import re
import subprocess

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT
from tests.test_environment import PROJECT

DOCKER = (ROOT / "Dockerfile").read_text()
DEVELOPMENT = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
IGNORED = (ROOT / ".dockerignore").read_text().split()


def test_both_use_the_python_that_ci_uses_and_the_project_supports():
    image = re.search(r"^FROM python:(\S+)$", DOCKER, re.MULTILINE)
    assert image is not None
    assert SpecifierSet(PROJECT["requires-python"]).contains(image[1])
    assert DEVELOPMENT["image"] == f"python:{image[1]}"
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text())["jobs"]["build"]["steps"]
    assert [step["with"]["python-version"] for step in steps if "setup-python" in step.get("uses", "")] == [image[1]]


def test_what_the_commands_need_is_not_left_out_of_the_image():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    left_out = [path for path in tracked for part in IGNORED if path.startswith(f"{part}/")]
    assert not left_out
    assert ".git" not in IGNORED  # records name the commit


@pytest.mark.parametrize("text", [DOCKER, DEVELOPMENT["postCreateCommand"]])
def test_their_targets_install_the_pins(text):
    (target,) = set(re.findall(r"make (\.\S+)", text))
    plan = subprocess.run(["make", "-nB", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "pip install --quiet --constraint constraints.txt --editable '.[dev]'" in plan


def test_an_index_can_be_named_for_the_image_as_the_readme_says():
    assert re.search(r"^ARG PIP_EXTRA_INDEX_URL=$", DOCKER, re.MULTILINE)
    assert DOCKER.index("ARG PIP_EXTRA_INDEX_URL") < DOCKER.index("RUN make")
    assert "--build-arg PIP_EXTRA_INDEX_URL=ADDRESS" in (ROOT / "README.md").read_text()


def test_it_builds_the_book_unless_told_otherwise():
    assert json.loads(re.search(r"^CMD (.*)$", DOCKER, re.MULTILINE)[1]) == ["make", "book"]
