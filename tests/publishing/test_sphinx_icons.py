import re

import pytest
from sphinx.errors import ExtensionError

from lmstudy.publishing.sphinx_icons import draw, drawings
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['lmstudy.publishing.sphinx_icons', 'lmstudy.publishing.sphinx_unused_files']
html_theme = 'sphinx_book_theme'
exclude_patterns = ['_build']
"""


def test_an_icon_becomes_the_drawing_of_its_name():
    html = '<a><i class="theme-switch fa-solid fa-sun   fa-lg" data-mode="light" title="Light"></i></a>'
    width, height, path = drawings()["sun"]
    drawn = f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"></path></svg></a>'
    icon = '<a><svg class="svg-inline--fa fa-sun theme-switch fa-lg" data-mode="light" aria-hidden="true" '
    assert draw(html) == icon + 'focusable="false" ' + drawn
    assert draw(draw(html)) == draw(html)


def test_of_two_drawings_of_a_name_the_solid_one_is_taken():
    """A filled sheet has one outline, and the outlined one has another within."""
    assert len(re.findall("[Mm]", drawings()["file"][2])) == 2  # with its folded corner
    assert drawings()["file"][2].startswith("M0 64C0 28.7")
    assert len(drawings()["file"][2]) < 150


@pytest.mark.parametrize("name", ["fa-solid fa-nothing", "fa-solid", "fa-brands fa-github", "fas fa-sun fa-moon"])
def test_an_icon_that_cannot_be_drawn_is_an_error(name):
    with pytest.raises(ExtensionError, match="no solid icon"):
        draw(f'<i class="{name}"></i>')


def test_what_is_no_icon_stays():
    html = '<head></head><i class="fast"></i><i class="fa-solid">word</i><p class="fa-sun"></p>'
    assert draw(html) == html


def test_a_book_has_the_icons_that_it_names_and_nothing_of_the_others(tmp_path):
    write_files(tmp_path, {"conf.py": CONF, "index.rst": "Start\n=====\n\n.. toctree::\n\n   other\n"})
    write_files(tmp_path, {"other.rst": "Other\n=====\n\n.. note:: with an icon of the style sheet\n"})
    pages = build(tmp_path)
    for name in ("index", "other"):
        assert "fontawesome.js" not in pages[name]
        assert not re.search(r'<(?:i|span)[^>]*class="[^"]*\bfa-', pages[name])
        assert pages[name].count('class="svg-inline--fa fa-moon') == 1
        assert "CC BY 4.0" in pages[name].partition("</head>")[0]
    static = tmp_path / "_build" / "_static"
    fonts = [path.name for path in static.rglob("fa-*")]
    assert fonts == ["fa-solid-900.woff2"]
    assert not [*static.rglob("*.map"), *static.rglob("*.mo"), *static.rglob("fontawesome.js*")]
    assert (static / "scripts" / "bootstrap.js").is_file()
    styles = (static / "styles" / "pydata-sphinx-theme.css").read_text()
    assert re.findall(r"url\(([^)]*webfonts[^)]*)\)", styles) == ["../vendor/fontawesome/webfonts/fa-solid-900.woff2"]
    assert not re.search(r"\.fa-sun:before", styles)
    assert "--pst-icon-admonition-note" in styles
