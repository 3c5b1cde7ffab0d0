import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from lmstudy.errors import StudyError
from lmstudy.publishing.papermill import run_notebook
from tests.conftest import write_files
from tests.publishing.notebook_files import outputs, write_notebook


def test_a_notebook_runs_with_its_parameters_in_this_interpreter(tmp_path, monkeypatch):
    # A kernel of the user that would be found first, and a backend that shows no figure.
    other = json.dumps({"argv": ["/bin/false"], "display_name": "Other", "language": "python"})
    write_files(tmp_path, {"jupyter/kernels/python3/kernel.json": other})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    note = "import os, sys\nopen(os.environ['LMSTUDY_READ'], 'a').write('b\\na\\nb\\n')"
    shown = "print(sys.executable, os.getcwd(), seed, budget, os.environ['MPLBACKEND'])"
    source = write_notebook(tmp_path / "01_a.ipynb", f"{note}\n{shown}")
    output = tmp_path / "out" / "01_a.ipynb"
    states = []
    run_notebook(source, output, {"seed": 7}, metadata=lambda read: {"read": read}, show=states.append)

    executable, folder, seed, budget, backend = outputs(output).split()
    assert Path(executable) == Path(sys.executable)
    assert Path(folder) == Path.cwd()
    assert (seed, budget) == ("7", "smoke")
    assert "inline" in backend
    assert nbformat.read(output, as_version=4).metadata.lmstudy == {"read": ["a", "b"]}
    assert str(tmp_path) not in json.dumps(nbformat.read(output, as_version=4).metadata.papermill)
    assert sorted(path.name for path in output.parent.iterdir()) == ["01_a.ipynb"]
    assert (states[0], *states[-2:]) == ("cell 1/3", "cell 3/3", "3 cells")
    assert os.environ["JUPYTER_PATH"] == str(tmp_path / "jupyter")


def test_a_failing_cell_is_shown_and_leaves_the_earlier_output(tmp_path):
    source = write_notebook(tmp_path / "02_b.ipynb", "x = 0", "y = 1\ny / x  # here", "print('never')")
    output = tmp_path / "out.ipynb"
    output.write_text("earlier")
    with pytest.raises(StudyError) as caught:
        run_notebook(source, output, {"seed": 3})
    message = str(caught.value)
    assert "cell 4 of 5 failed with ZeroDivisionError: division by zero" in message
    assert "    y / x  # here" in message
    assert "\x1b" not in message
    assert output.read_text() == "earlier"
    failed = tmp_path / "out.failed.ipynb"
    assert str(failed) in message
    assert "ZeroDivisionError" in failed.read_text()
    assert not list(tmp_path.glob(".*partial*"))


def test_a_kernel_takes_no_port_that_another_one_may_get(tmp_path):
    shown = "from ipykernel.kernelapp import IPKernelApp\napp = IPKernelApp.instance()\nprint(app.transport, app.ip)"
    source = write_notebook(tmp_path / "01_a.ipynb", shown)
    places = []
    for _ in range(2):
        run_notebook(source, tmp_path / "out.ipynb", {})
        transport, place = outputs(tmp_path / "out.ipynb").split()
        assert transport == "ipc"
        assert not Path(place).parent.exists()
        places.append(place)
    assert places[0] != places[1]


def test_nothing_runs_when_a_parameter_is_wrong(tmp_path):
    source = write_notebook(tmp_path / "03_c.ipynb", f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(StudyError, match="unknown parameter 'speed'"):
        run_notebook(source, tmp_path / "out.ipynb", {"speed": 1})
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out.ipynb").exists()
