"""The notebook of results with seeds, a task and a budget of one's own: what is missing is trained and shown."""

from pathlib import Path

import nbformat
import pytest

from lmstudy.study.notebooks import run_notebook
from tests.conftest import ROOT, write_files

NOTEBOOK = ROOT / "notebooks" / "14_results.ipynb"
SIGNED = "# Author: Ada Lovelace <ada.lovelace@example.org>\n"


def signed_heads(folder: Path) -> Path:
    """The beginnings of this package's modules, every other one signed."""
    paths = sorted((ROOT / "lmstudy").rglob("*.py"))
    heads = {path: "".join(path.read_text().splitlines(keepends=True)[:14]) for path in paths if path.stat().st_size}
    return write_files(
        folder, {f"m{i}/{path.name}": (SIGNED if i % 2 else "") + head for i, (path, head) in enumerate(heads.items())}
    )


@pytest.mark.slow
def test_other_seeds_task_and_budget_are_trained_and_shown(tmp_path):
    runs = tmp_path / "runs"
    corpus = [
        "data=files",
        f"data.path={signed_heads(tmp_path / 'heads')}",
        "data.suffixes=[.py]",
        "data.split.valid=0.2",
    ]
    corpus += ["data.tokenizer.vocab_size=512", "budget.steps=6", "budget.evaluate_every=6", "budget.samples=2"]
    parameters = {
        "seeds": [7],
        "task": "privacy",
        "budget": "smoke",
        "runs": str(runs),
        "data": [*corpus, "logger=csv"],
    }
    run_notebook(NOTEBOOK, tmp_path / "out.ipynb", {**parameters, "objectives": ["MLE", "conditional"]})
    finished = {path.parent.name.rsplit("-", 1)[0] for path in runs.glob("*/record.json")}
    names = {f"privacy-{name}-transformer-smoke-s7" for name in ("mle", "conditional")}
    assert finished == names | {f"preference-{name}" for name in names}
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    shown = "".join(str(cell.get("outputs")) for cell in cells)
    assert "Shown are **2 runs**: 2 of privacy" in shown
    drawn = [out for cell in cells for out in cell.get("outputs", []) if "image/svg+xml" in out.get("data", {})]
    assert len(drawn) == 3
