"""What a notebook's parameters may be: checked in the notebook, in a line, before anything heavy is done."""

import ast
from pathlib import Path

import nbformat
import pytest

from lmstudy.parameters import (
    DATA,
    OTHER_DATA,
    RUNS,
    SEED,
    SEEDS,
    ParameterError,
    checked,
    choice,
    listing,
    number,
    one_of,
    text,
    whole,
)
from lmstudy.publishing.parameters import declared_parameters
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ARMS = one_of(["filtering", "conditional", "conditional, cooldown"])


def read(kind, value):
    names = {"x": value}
    checked(names, x=kind)
    return names["x"]


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (SEED, 1.0, 1),
        (SEED, "1e1", 10),
        (SEEDS, "[1]", [1]),
        (SEEDS, "1, 2", [1, 2]),
        (SEEDS, [1.0], [1]),
        (choice("budget"), "smoke", "smoke"),
        (listing(ARMS), "[filtering, conditional]", ["filtering", "conditional"]),
        (listing(ARMS), "conditional, cooldown", ["conditional, cooldown"]),
        (listing(text()), "[слово, 语料]", ["слово", "语料"]),
        (OTHER_DATA, None, None),
        (OTHER_DATA, "data=files, data.path=it's", ["data=files", "data.path=it's"]),
        (number(), 2, 2.0),
    ],
)
def test_a_value_is_understood_however_it_is_written(kind, value, found):
    assert read(kind, value) == found
    assert type(read(kind, value)) is type(found)


@pytest.mark.parametrize(
    ("kind", "value", "right"),
    [
        (SEED, None, "a whole number is wanted, 0 to 4294967295"),
        (SEED, "007", "a whole number is wanted"),
        (SEED, True, "a whole number is wanted"),
        (SEED, 2**32, "a whole number is wanted, 0 to 4294967295"),
        (SEED, 1.5, "a whole number is wanted"),
        (whole(1), 0, "a whole number is wanted, 1 or more"),
        (whole(1), float("nan"), "a whole number is wanted"),
        (SEEDS, 4, "a list in brackets is wanted"),
        (SEEDS, "4", "a list in brackets is wanted"),
        (SEEDS, [], "a list in brackets is wanted"),
        (SEEDS, [1, 1.0], "each value once"),
        (choice("budget"), "no", "one of brief, flagship, medium"),
        (choice("budget"), False, "one of brief, flagship, medium"),
        (DATA, "语料", "one of bilingual, chinese_reviews"),
        (listing(ARMS), ["nothing"], "of each, one of filtering, conditional"),
        (RUNS, None, "a folder of runs is wanted"),
        (number(), float("inf"), "a number above 0 is wanted"),
    ],
)
def test_what_is_none_is_refused_in_a_line_that_says_what_would_be_right(kind, value, right):
    with pytest.raises(ParameterError) as caught:
        read(kind, value)
    assert str(caught.value).startswith(f"x = {value!r}: ")
    assert right in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_a_name_that_papermill_was_given_and_the_notebook_does_not_have():
    cells = ["", "seed = 1", '# Parameters\nbudgt = "smoke"\n', "other = 1"]
    with pytest.raises(ParameterError, match=r"budgt: .* no such parameter; did you mean budget\? It has budget, seed"):
        checked({"In": cells, "seed": 1, "budget": "quick"}, budget=choice("budget"), seed=SEED)


def test_runs_are_the_checkouts_from_any_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert read(RUNS, "runs") == "runs"
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    assert read(RUNS, "runs") == str(ROOT / "runs")
    assert capsys.readouterr().err == f"runs: those of the checkout, {ROOT / 'runs'}\n"
    assert read(RUNS, "a, [b] 语料") == "a, [b] 语料"
    assert str(tmp_path / "a, [b] 语料") in capsys.readouterr().err
    assert read(RUNS, "~/x") == str(Path.home() / "x")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_checks_all_its_parameters_in_the_cell_behind_them(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert "parameters" in cells[0].metadata.tags
    call = ast.parse(cells[1].source).body[-1].value
    assert call.func.id == "checked"
    assert {keyword.arg for keyword in call.keywords} == set(declared_parameters(path))
    names = dict(declared_parameters(path))
    exec(cells[1].source, names)  # the defaults are right
    assert {name: names[name] for name in declared_parameters(path) if name != "runs"} == {
        name: value for name, value in declared_parameters(path).items() if name != "runs"
    }
