import pytest
from notebook_files import outputs, write_notebook

from lmstudy.errors import StudyError
from lmstudy.publishing.notebooks import find_notebooks, notebook_key, run_all, stored_key


@pytest.fixture
def root(tmp_path):
    for name in ("lmstudy/a.py", "conf/data/b.yaml", "book/records/r.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    write_notebook(tmp_path / "notebooks" / "01_one.ipynb", "print(seed, budget)")
    write_notebook(tmp_path / "notebooks" / "02_two.ipynb", "print(budget)", parameters="budget = 'quick'")
    return tmp_path


def test_the_key_changes_with_everything_an_output_depends_on(root):
    notebook = root / "notebooks" / "01_one.ipynb"
    keys = [notebook_key(root, notebook, {"seed": 1}, "x")]
    keys.append(notebook_key(root, notebook, {"seed": 2}, "x"))
    keys.append(notebook_key(root, notebook, {"seed": 1}, "y"))
    for name in ("lmstudy/a.py", "conf/data/b.yaml", "book/records/r.json"):
        (root / name).write_text("2")
        keys.append(notebook_key(root, notebook, {"seed": 1}, "x"))
    write_notebook(notebook, "print(seed, budget, 1)")
    keys.append(notebook_key(root, notebook, {"seed": 1}, "x"))
    assert len(set(keys)) == len(keys) == 7
    (root / "README.md").write_text("not an input")
    assert notebook_key(root, notebook, {"seed": 1}, "x") == keys[-1]


def test_only_what_changed_is_run_again(root, capsys):
    out = root / "book" / "notebooks"
    common = {"seed": 5, "budget": "smoke"}
    assert run_all(root, out, common) == ["01_one.ipynb", "02_two.ipynb"]
    assert outputs(out / "01_one.ipynb").split() == ["5", "smoke"]
    assert outputs(out / "02_two.ipynb").split() == ["smoke"]
    assert run_all(root, out, common) == []
    assert capsys.readouterr().out.count("unchanged") == 2
    # the second declares no seed: another seed leaves it alone
    assert run_all(root, out, {"seed": 6, "budget": "smoke"}) == ["01_one.ipynb"]
    assert run_all(root, out, {"seed": 6, "budget": "smoke"}, only=["02_two"], fresh=True) == ["02_two.ipynb"]


def test_an_unknown_notebook_is_refused(root):
    with pytest.raises(StudyError, match="no notebook '03_three'"):
        find_notebooks(root / "notebooks", ["03_three"])
    assert [path.name for path in find_notebooks(root / "notebooks", ["02_two.ipynb"])] == ["02_two.ipynb"]


def test_an_output_made_in_another_way_has_no_key(root):
    notebook = root / "notebooks" / "01_one.ipynb"
    assert stored_key(notebook) is None
    assert stored_key(root / "nowhere.ipynb") is None
    (root / "half.ipynb").write_text('{"cells": [')
    assert stored_key(root / "half.ipynb") is None
