from lmstudy.publishing.edition_links import link_editions
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
