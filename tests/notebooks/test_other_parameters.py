"""A notebook of comparisons with other parameters: seed, budget and corpus; what is missing is trained."""

import nbformat
import pytest

from lmstudy.errors import StudyError
from lmstudy.publishing.papermill import run_notebook
from tests.conftest import ROOT, TINY

NOTEBOOK = ROOT / "notebooks" / "06_pseudo_code.ipynb"


@pytest.mark.slow
def test_other_seeds_budget_and_corpus_are_trained_and_shown(tmp_path):
    runs = tmp_path / "runs"
    parameters = {"seeds": [7], "budget": "smoke", "runs": str(runs), "data": [x for x in TINY if x.startswith("data")]}
    parameters["data"] += ["budget.steps=12", "budget.evaluate_every=6", "budget.samples=2", "budget.rows=4"]
    run_notebook(NOTEBOOK, tmp_path / "out.ipynb", parameters)
    trained = {path.parent.name.rsplit("-", 1)[0] for path in runs.glob("*/record.json")}
    assert {"mle-dense-smoke-s7", "mle-transformer-smoke-s7"} <= trained
    output = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    shown = "".join(str(cell.get("outputs")) for cell in output.cells)
    assert "unigram" in shown


def test_an_unknown_parameter_is_refused(tmp_path):
    with pytest.raises(StudyError, match="sedes"):
        run_notebook(NOTEBOOK, tmp_path / "out.ipynb", {"sedes": [1]})
