"""The notebook of results with seeds, a task, a budget, a scorer and an objective of one's own: trained and shown."""

from pathlib import Path

import nbformat
import pytest

from lmstudy.publishing.papermill import run_notebook
from lmstudy.runs.records import load
from tests.conftest import ROOT, write_files
from tests.test_contributing import FILES

NOTEBOOK = ROOT / "notebooks" / "14_results.ipynb"
SIGNED = "# AUTHOR: Ada Lovelace <ada.lovelace@example.org>\n"


def signed_heads(folder: Path) -> Path:
    """The beginnings of this package's modules, every other one signed."""
    paths = sorted((ROOT / "lmstudy").rglob("*.py"))
    heads = {path: "".join(path.read_text().splitlines(keepends=True)[:14]) for path in paths if path.stat().st_size}
    return write_files(
        folder, {f"m{i}/{path.name}": (SIGNED if i % 2 else "") + head for i, (path, head) in enumerate(heads.items())}
    )


@pytest.mark.slow
def test_other_seeds_task_budget_scorer_and_objective_are_trained_and_shown(tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    write_files(tmp_path, {name: text for name, text in FILES.items() if "scorer" in name or "objective" in name})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    corpus = ["data=files", f"data.path={signed_heads(tmp_path / 'heads')}", "data.suffixes=[.py]", "logger=csv"]
    corpus += ["data.split.valid=0.2", "data.tokenizer.vocab_size=512"]
    corpus += ["budget.steps=6", "budget.evaluate_every=6", "budget.samples=2"]
    parameters = {"seeds": [7], "task": "privacy", "budget": "smoke", "runs": str(runs), "data": corpus}
    parameters |= {"objectives": ["MLE", "conditional", "smoothed"]}
    parameters |= {"scorer": "shouting", "config_dir": str(tmp_path / "conf")}
    run_notebook(NOTEBOOK, tmp_path / "out.ipynb", parameters)
    finished = {path.parent.name.rsplit("-", 1)[0]: load(path) for path in runs.glob("*/record.json")}
    names = {f"my_scorer-{name}-transformer-smoke-s7" for name in ("mle", "conditional", "my_objective")}
    assert set(finished) == names | {f"preference-{name}" for name in names}
    for name in names:
        scorers = finished[f"preference-{name}"].config["measure"]["scorers"]
        assert scorers["training"]["_target_"] == "my_scorer.Shouting"
        assert scorers["held_out"]["_target_"].startswith("lmstudy.")
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    shown = "".join(str(cell.get("outputs")) for cell in cells)
    assert "The chapter shows **3 runs**:" in shown
    assert "- privacy: 3, of 3 objectives." in shown
    drawn = [out for cell in cells for out in cell.get("outputs", []) if "image/svg+xml" in out.get("data", {})]
    assert len(drawn) == 5  # the last at equal bits, of what is published
    assert any(
        "smoothed" in out["data"]["image/svg+xml"] for out in drawn
    )  # in six steps it may write nothing to judge
    tables = [
        out["data"]["text/html"]
        for cell in cells
        for out in cell.get("outputs", [])
        if "text/html" in out.get("data", {})
    ]
    assert sum("smoothed" in table for table in tables) >= 3
