"""The scripts of published models are written where the page is built, and nowhere else."""

import pytest

from lmstudy.publishing.page_model import model_script
from lmstudy.publishing.sphinx_page_model import SCRIPTS
from lmstudy.runs.finished import load_run
from tests.conftest import ROOT, write_files
from tests.page_runs import published
from tests.publishing.sphinx_builds import build

CONF = "extensions = ['lmstudy.publishing.sphinx_page_model']\nexclude_patterns = ['_build', 'models']\n"
OUT = "_build"


@pytest.mark.slow
def test_the_script_follows_from_the_published_weights(tmp_path):
    write_files(tmp_path, {"conf.py": CONF, "index.rst": "Start\n=====\n"})
    build(tmp_path)
    assert not any((tmp_path / OUT / script).exists() for script in SCRIPTS.values())
    (tmp_path / "models").symlink_to(ROOT / "book" / "models")
    write_files(tmp_path, {"try.rst": ":orphan:\n\nTry\n===\n"})
    build(tmp_path)
    for name, script in SCRIPTS.items():
        wanted = model_script(load_run(published(name), writes_only=True))
        assert (tmp_path / OUT / script).read_text(encoding="utf-8") == wanted
