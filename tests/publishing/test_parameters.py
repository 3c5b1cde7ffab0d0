from enum import StrEnum
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from lmstudy.errors import StudyError
from lmstudy.publishing.parameters import check_parameters, declared_parameters
from tests.publishing.notebook_files import write_notebook

PARAMETERS = '''"""What can be set."""
seed: int = 7  # a == b
budget = "quick # not a comment"
rate = 1e-3
flag = False
steps = [
    1,
    2,
]
table = {"a": 1}
path = None
shift = -2
'''


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "01_x.ipynb", "print(seed)", parameters=PARAMETERS)


def test_names_and_defaults_are_read_from_the_cell(notebook):
    found = declared_parameters(notebook)
    assert list(found) == ["seed", "budget", "rate", "flag", "steps", "table", "path", "shift"]
    assert list(found.values()) == [7, "quick # not a comment", 1e-3, False, [1, 2], {"a": 1}, None, -2]


GOOD = {"seed": 0, "rate": 2, "flag": True, "path": "x", "steps": [[1], None, "x"], "table": {"b": [1.5]}}


@pytest.mark.parametrize("good", [{}, GOOD, {"rate": 0.5, "path": [1]}])
def test_values_of_the_default_type_pass(notebook, good):
    check_parameters(notebook, good)


class Budget(StrEnum):
    quick = "quick"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "sede",
            1,
            "unknown parameter 'sede' (known: budget, flag, path, rate, seed, shift, steps, table); did you mean",
        ),
        ("seed", "7", "is str, but the notebook's default 7 is int"),
        ("seed", 7.0, "is float, but the notebook's default 7 is int"),
        ("seed", True, "is bool, but the notebook's default 7 is int"),
        ("flag", 1, "is int, but the notebook's default False is bool"),
        ("budget", None, "is NoneType, but"),
        ("steps", (1, 2), "of type tuple"),
        ("path", Path("x"), "of type PosixPath"),
        ("path", [Path("x")], "of type PosixPath"),
        ("table", {1: 2}, "of type dict"),
        ("steps", OmegaConf.create([1]), "of type ListConfig"),
        ("budget", Budget.quick, "of type Budget"),
    ],
)
def test_other_values_are_refused(notebook, name, value, said):
    with pytest.raises(StudyError) as caught:
        check_parameters(notebook, {name: value})
    assert said in str(caught.value)
    assert str(notebook) in str(caught.value)


def test_a_notebook_without_a_tagged_cell_is_refused(tmp_path):
    notebook = write_notebook(tmp_path / "x.ipynb", "seed = 1", parameters=None)
    with pytest.raises(StudyError, match="no cell is tagged 'parameters'"):
        declared_parameters(notebook)


@pytest.mark.parametrize("cell", ["seed = 1\nnext_seed = seed + 1", "import os", "a, b = 1, 2", "x: int"])
def test_a_derived_value_in_the_parameters_cell_is_refused(tmp_path, cell):
    notebook = write_notebook(tmp_path / "x.ipynb", parameters=cell)
    with pytest.raises(StudyError, match="should give one name a literal value"):
        declared_parameters(notebook)


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    (tmp_path / "x.ipynb").write_text("nothing")
    with pytest.raises(StudyError, match=r"x\.ipynb: this is not a Jupyter notebook"):
        declared_parameters(tmp_path / "x.ipynb")
    with pytest.raises(StudyError, match="no such notebook"):
        declared_parameters(tmp_path / "y.ipynb")
