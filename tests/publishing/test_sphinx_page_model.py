"""The flagship's script is written where the page is built, and nowhere else."""

import pytest

from lmstudy.publishing.page_model import model_script
from lmstudy.runs.finished import load_run
from tests.conftest import ROOT, write_files
from tests.page_runs import flagship_folder
from tests.publishing.sphinx_builds import build

CONF = "extensions = ['lmstudy.publishing.sphinx_page_model']\nexclude_patterns = ['_build', 'models']\n"
SCRIPT = "_build/_static/try/style-model.js"


@pytest.mark.slow
def test_the_script_follows_from_the_published_weights(tmp_path):
    write_files(tmp_path, {"conf.py": CONF, "index.rst": "Start\n=====\n"})
    build(tmp_path)
    assert not (tmp_path / SCRIPT).exists()
    (tmp_path / "models").symlink_to(ROOT / "book" / "models")
    write_files(tmp_path, {"try.rst": ":orphan:\n\nTry\n===\n"})
    build(tmp_path)
    flagship = load_run(flagship_folder(), writes_only=True)
    assert (tmp_path / SCRIPT).read_text(encoding="utf-8") == model_script(flagship)
