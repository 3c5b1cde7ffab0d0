"""Notebooks as they are kept: without outputs, short, with figures that can be heard as well as seen."""

import ast
import json
import re

import nbformat
import pytest

from lmstudy.publishing.needs import NEEDS
from lmstudy.publishing.parameters import declared_parameters
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks_and_needs_name_them():
    assert len(NOTEBOOKS) >= 2
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(1, len(NOTEBOOKS) + 1)]
    assert {need.notebook for need in NEEDS} <= {path.stem for path in NOTEBOOKS}


@each
def test_no_two_cells_have_one_id(path):
    ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]  # nbformat would rename one
    assert len(set(ids)) == len(ids)


def test_no_outputs_are_kept(notebook):
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_no_class_or_function_is_defined_in_a_notebook(notebook):
    for cell in code_cells(notebook):
        tree = ast.parse(cell.source)
        kinds = {type(node) for node in ast.walk(tree)}
        assert not kinds & {ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef}
        own = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        assert sum((node.end_lineno or 0) - node.lineno + 1 for node in own) <= 25


def test_every_figure_has_a_text_for_those_who_cannot_see_it(notebook):
    for cell in code_cells(notebook):
        if cell.source.startswith("figure = ") or "\nfigure = " in cell.source:
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 60


def test_it_opens_with_its_question_and_ends_with_experiments(notebook):
    assert "**The question:**" in notebook.cells[0].source
    assert "**You need:**" in notebook.cells[0].source
    assert "## Suggested experiments" in notebook.cells[-1].source


@each
def test_the_chapter_has_the_number_of_its_file(path):
    title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
    assert title.startswith(f"# {int(path.stem[:2])}. ")


def test_no_sentence_becomes_a_list(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":  # a paragraph's line that begins with a number and a full stop, or a dash
            assert not re.findall(r"^(?![-*\d|#>:]|  ).+\n(?:1\.|[-+*]) .*", cell.source, re.MULTILINE)


@each
def test_parameters_have_defaults(path):
    declared = declared_parameters(path)
    assert declared
    assert declared.get("seed", 1) == 1
    assert "seed" in declared or path.stem not in {need.notebook for need in NEEDS}
