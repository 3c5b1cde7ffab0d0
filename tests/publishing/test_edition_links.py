from lmstudy.publishing.edition_links import link_editions, share_models
from tests.conftest import write_files

PAGE = '<main><div class="article-header-buttons"></div></main>'


def test_pages_lead_to_their_like_and_only_there(tmp_path):
    names = ("index.html", "notebooks/01_a.html", "zh/index.html", "zh/notebooks/01_a.html", "alone.html")
    write_files(tmp_path, dict.fromkeys(names, PAGE))
    for _ in range(2):  # twice is as once
        link_editions(tmp_path)
        found = {name: (tmp_path / name).read_text() for name in names}
        assert [text.count("edition-switch") for text in found.values()] == [1, 1, 1, 1, 0]
    assert 'href="../zh/notebooks/01_a.html"' in found["notebooks/01_a.html"]
    assert 'href="../../notebooks/01_a.html"' in found["zh/notebooks/01_a.html"]
    assert 'hreflang="zh-CN"' in found["index.html"]

    (tmp_path / "zh" / "index.html").unlink()
    link_editions(tmp_path)
    assert (tmp_path / "index.html").read_text() == PAGE


def test_the_second_edition_loads_the_models_of_the_first_where_they_are_the_same(tmp_path):
    page = '<input data-scripts="_static/try/names.js _static/try/a.js"><input data-scripts="_static/try/b.js">'
    models = {"_static/try/names.js": "n", "_static/try/a.js": "a", "_static/try/b.js": "b"}
    zh = {f"zh/{name}": text for name, text in models.items()} | {"zh/_static/try/b.js": "another"}
    write_files(tmp_path, {"zh/try.html": page, **zh})
    share_models(tmp_path)  # the first edition is not there
    assert (tmp_path / "zh" / "try.html").read_text() == page
    write_files(tmp_path, {"try.html": page, **models})
    for _ in range(2):  # twice is as once
        share_models(tmp_path)
        shared = '<input data-scripts="../_static/try/names.js ../_static/try/a.js">'
        assert (tmp_path / "zh" / "try.html").read_text() == f'{shared}<input data-scripts="_static/try/b.js">'
        assert [path.name for path in (tmp_path / "zh" / "_static" / "try").iterdir()] == ["b.js"]
        assert (tmp_path / "try.html").read_text() == page
