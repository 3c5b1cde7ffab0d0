"""The notebook of half an hour: short enough to be read, and its model is the published one or one trained here."""

import nbformat
import pandas as pd
import pytest

from lmstudy.chapters.thirty_minutes import thirty_minutes
from lmstudy.compose import compose_config
from lmstudy.parameters import ParameterError, checked
from lmstudy.publishing.papermill import run_notebook
from tests.conftest import ROOT
from tests.page_runs import published

NOTEBOOK = ROOT / "notebooks" / "30_thirty_minutes.ipynb"


def test_all_its_code_is_at_most_a_hundred_lines():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    lines = [line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert len(lines) <= 100
    hidden = {cell.id for cell in cells if {"hide-input", "remove-cell"} & set(cell.metadata.get("tags", []))}
    assert hidden == {"thirty-01", "check-parameters"}  # the rest is what a reader sees


def test_judges_are_counted():
    rows = pd.DataFrame({"text": ["a", "b", "bb", "b"], "label": ["positive", "negative", "negative", "positive"]})
    judges = {"letter": lambda texts: ["b" in text for text in texts]}
    right = thirty_minutes.right(rows, judges)
    shares = [
        right.loc["letter", f"{name}, %"].value for name in ("right", "on positive reviews", "on negative reviews")
    ]
    assert shares == [75, 50, 100]
    found = thirty_minutes.negative({"one": ["a", "b"], "two": ["b"]}, judges)["by the letter, %"]
    assert [one.value for one in found] == [50, 100]
    counts = thirty_minutes.counts({"train": rows})
    assert counts.loc["train"].tolist() == [2, 2, 5]


@pytest.mark.parametrize(("value", "read"), [(True, True), ("false", False), ("yes", None), (1, None)])
def test_train_is_true_or_false(value, read):
    names = {"train": value}
    if read is None:
        with pytest.raises(ParameterError, match="True or False is wanted"):
            checked(names, train=thirty_minutes.YES_OR_NO)
    else:
        checked(names, train=thirty_minutes.YES_OR_NO)
        assert names["train"] is read


@pytest.mark.slow
def test_the_published_weights_are_of_the_run_that_the_page_asks_for(tmp_path):
    config = compose_config("train", ["experiment=thirty_minutes", f"runs={tmp_path}", "logger=csv"])
    finished = thirty_minutes.trained(config)
    assert f"reviews-{finished.record.id}" == published("reviews").name
    assert not list(tmp_path.iterdir())
    small = [
        "budget=smoke",
        "budget.steps=4",
        "budget.evaluate_every=4",
        "budget.samples=1",
        "budget.final_documents=4",
    ]
    small = compose_config("train", ["experiment=thirty_minutes", *small, f"runs={tmp_path}", "logger=csv"])
    assert thirty_minutes.trained(small).record.id != finished.record.id
    assert list(tmp_path.glob("labels-conditional-transformer-smoke-s1-*/model.safetensors"))


@pytest.mark.slow
def test_it_runs_at_the_smallest_budget(tmp_path):
    parameters = {"budget": "smoke", "train": True, "samples": 8, "runs": str(tmp_path / "runs")}
    run_notebook(NOTEBOOK, tmp_path / "out.ipynb", parameters)
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    shown = "".join(str(cell.get("outputs")) for cell in cells)
    assert "In 20 steps" in shown
    assert "asked for bad (差评)" in shown
