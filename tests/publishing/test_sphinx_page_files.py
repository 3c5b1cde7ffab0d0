from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['lmstudy.publishing.sphinx_page_files']
html_static_path = ['_static']
html_js_files = ['all.js', ('own/model.js', {'defer': 'defer'}), 'own/page.js', 'https://example.org/far/away.js']
html_css_files = ['all.css', 'own/page.css']
exclude_patterns = ['_build']
"""
PAGE = """Start
=====

.. raw:: html

   <script src="_static/own/page.js"></script>
"""


def test_files_in_a_folder_are_for_pages_that_name_them(tmp_path):
    files = {f"_static/{name}": "" for name in ("all.js", "own/model.js", "own/page.js", "all.css", "own/page.css")}
    other = ":orphan:\n\nOther\n=====\n"
    write_files(tmp_path, {"conf.py": CONF, "index.rst": PAGE, "other.rst": other, **files})
    pages = build(tmp_path)
    for name in ("index", "other"):
        assert "_static/all.js" in pages[name]
        assert "_static/all.css" in pages[name]
        assert "https://example.org/far/away.js" in pages[name]
        assert "own/model.js" not in pages[name]
        assert "own/page.css" not in pages[name]
    assert pages["index"].count("own/page.js") == 1
    assert "own/page.js" not in pages["other"]
    assert (tmp_path / "_build" / "_static" / "own" / "model.js").exists()
