import re

from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['sphinxcontrib.bibtex', 'lmstudy.publishing.sphinx_bibliography']
bibtex_bibfiles = ['works.bib']
exclude_patterns = ['_build']
"""
WORKS = """
@book{one, title={One}, author={Ann Author}, year={2001}, publisher={P}}
@book{two, title={Two}, author={Ben Author}, year={2002}, publisher={P}}
"""


def test_works_are_items_of_a_list(tmp_path):
    page = "Start\n=====\n\n:cite:p:`one,two`\n\n.. bibliography::\n"
    write_files(tmp_path, {"conf.py": CONF, "works.bib": WORKS, "index.rst": page})
    html = build(tmp_path)["index"]
    assert '<div role="list" class="citation-list">' in html
    assert re.findall(r'<div class="citation"[^>]*role="(.*?)"', html) == ["listitem", "listitem"]
