import pytest

from lmstudy.errors import StudyError
from lmstudy.publishing import notebooks
from lmstudy.publishing.imports import Imports
from lmstudy.publishing.notebooks import find_notebooks, made_from, run_all, up_to_date
from lmstudy.publishing.parameters import read_notebook
from tests.conftest import ROOT, write_files
from tests.publishing.notebook_files import write_notebook

RESULTS, SPEED = "0123456789abcdef", "fedcba9876543210"  # the ids of two records
TREE = {
    "lmstudy/__init__.py": "",
    "lmstudy/chapters/__init__.py": "",
    "lmstudy/chapters/results/__init__.py": "",
    "lmstudy/chapters/results/figures.py": "from lmstudy.show.curves import draw\nLABEL = 'steps'",
    "lmstudy/chapters/results/claims.py": "import lmstudy.chapters.results.figures",
    "lmstudy/chapters/speed/figures.py": "def panel():\n    import lmstudy.show.points",
    "lmstudy/chapters/speed/claims.py": "",
    "lmstudy/show/curves.py": "",
    "lmstudy/show/points.py": "",
    "lmstudy/data/batches/packing.py": "",
    "lmstudy/models/network.py": "",
    "lmstudy/publishing/pages.py": "",
    "lmstudy/commands/book.py": "",
    "lmstudy/study/claims.py": "",
    "lmstudy/benchmark/__init__.py": "",
    "lmstudy/benchmark/train.py": "",
    "conf/model/network.yaml": "_target_: lmstudy.models.network.Network",
    "conf/workload/train.yaml": "_target_: lmstudy.benchmark.train.Train",
    f"book/records/results-{RESULTS}.json": "{}",
    f"book/records/speed-{SPEED}.json": "{}",
}


@pytest.fixture
def root(tmp_path):
    write_files(tmp_path, TREE)
    speed = "from lmstudy.chapters.speed import figures\nimport lmstudy.study.claims\nprint(seed, budget)"
    write_notebook(tmp_path / "notebooks" / "03_speed.ipynb", speed)
    code = "from lmstudy.chapters.results.figures import LABEL\n", "excerpt('lmstudy.data.batches.packing', 'Packing')"
    write_notebook(tmp_path / "notebooks" / "14_results.ipynb", *code, parameters="budget = 'quick'")
    return tmp_path


@pytest.fixture
def run(root, monkeypatch):
    """Brings the made notebooks up to date, in the place of a kernel; which ran. Each reads the record of its name."""
    read = {"03_speed": [SPEED], "14_results": [RESULTS]}

    def pretend(jobs):
        for job in jobs:
            write_notebook(job.output, lmstudy=job.metadata(read[job.path.stem]), given=job.parameters)

    monkeypatch.setattr(notebooks, "run_jobs", pretend)
    return lambda extra="", **common: [name[:2] for name in run_all(root, root / "out", common, extra=extra)]


@pytest.mark.parametrize(
    ("changed", "ran"),
    [
        ("lmstudy/chapters/results/figures.py", ["14"]),
        ("lmstudy/chapters/results/claims.py", []),  # loaded where the claims are worked out, and by no notebook
        ("lmstudy/show/curves.py", ["14"]),  # by way of the chapter
        ("lmstudy/data/batches/packing.py", ["14"]),  # named in a string
        ("lmstudy/chapters/speed/figures.py", ["03"]),
        ("lmstudy/show/points.py", ["03"]),  # within a function
        ("lmstudy/chapters/speed/claims.py", ["03"]),  # it works out claims
        ("lmstudy/models/network.py", ["03", "14"]),  # named in the configuration
        ("lmstudy/chapters/__init__.py", ["03", "14"]),
        ("conf/model/network.yaml", ["03", "14"]),
        ("notebooks/03_speed.ipynb", ["03"]),
        (f"book/records/results-{RESULTS}.json", ["14"]),
        (f"book/records/speed-{SPEED}.json", ["03"]),
        ("book/records/new-00112233aabbccdd.json", ["03", "14"]),  # either may have looked for it in vain
        ("lmstudy/publishing/pages.py", []),
        ("lmstudy/commands/book.py", []),
        ("lmstudy/benchmark/train.py", []),  # named in the configuration, and out of the reach of both
        ("README.md", []),
    ],
)
def test_a_notebook_runs_again_when_what_it_depends_on_changes(root, run, changed, ran):
    assert run() == ["03", "14"]
    assert run() == []
    if changed.endswith("ipynb"):
        write_notebook(root / changed, "1")
    else:
        write_files(root, {changed: "# changed"})
    assert run() == ran
    assert run() == []


def test_parameters_and_what_the_caller_knows_count_too(run, root):
    run(seed=1, budget="quick")
    assert run(seed=2, budget="quick") == ["03"]  # the other declares no seed
    given = [read_notebook(path).metadata.given for path in find_notebooks(root / "out")]
    assert given == [{"seed": 2, "budget": "quick"}, {}]  # a default is not given once more
    assert run(seed=2, budget="quick", extra="another run") == ["03", "14"]
    common = {"seed": 2, "budget": "quick"}
    assert run_all(root, root / "out", common, extra="another run", only=["03_speed"], fresh=True) == ["03_speed.ipynb"]


@pytest.mark.parametrize("output", [None, '{"cells": [', "{}"])
def test_an_output_that_was_not_made_here_is_made_again(root, output):
    place = root / "out.ipynb"
    if output is not None:
        place.write_text(output)
    assert not up_to_date(root, place, "key")
    write_notebook(place, lmstudy=made_from(root, "key", [SPEED]))
    assert up_to_date(root, place, "key")


def test_of_the_books_notebooks_one_depends_on_the_figures_of_the_results():
    imports = Imports(ROOT)
    changed = ROOT / "lmstudy" / "chapters" / "results" / "figures.py"
    assert [path.stem for path in find_notebooks(ROOT / "notebooks") if changed in imports.of(path)] == ["14_results"]


def test_a_cell_that_is_not_python_is_shown(root):
    notebook = write_notebook(root / "notebooks" / "15_bad.ipynb", "%matplotlib inline")
    with pytest.raises(StudyError, match=r"15_bad\.ipynb: this is not valid Python .*\n%matplotlib"):
        Imports(root).of(notebook)


def test_what_the_table_of_contents_does_not_list_is_left_out_in_a_line(root, run, capsys):
    write_files(root, {"book/_toc.yml": "root: intro\nchapters:\n  - file: notebooks/03_speed\n"})
    (root / "notebooks" / "Untitled.ipynb").touch()
    write_notebook(root / "notebooks" / "03_speed-Copy1.ipynb", "1 / 0")
    assert run() == ["03"]
    left = "03_speed-Copy1.ipynb, 14_results.ipynb, Untitled.ipynb"
    assert capsys.readouterr().err == f"  not in book/_toc.yml, and left out: {left}\n"
    with pytest.raises(StudyError, match="no notebook 'Untitled'"):
        find_notebooks(root / "notebooks", ["Untitled"])


def test_an_unknown_notebook_is_refused(root):
    with pytest.raises(StudyError, match="no notebook '04_three'"):
        find_notebooks(root / "notebooks", ["04_three"])
    assert [path.name for path in find_notebooks(root / "notebooks", ["03_speed.ipynb"])] == ["03_speed.ipynb"]
