"""What a reader loads: no page is heavy, and neither is the whole book.

A page weighs what its file and everything that it loads weigh together, uncompressed: scripts, styles, pictures, the
fonts and pictures of its styles, and the scripts of all choices that it offers. MathJax is left out: it is one file
for all pages with formulas.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT, write_files

BUILT = ROOT / "book" / "_build" / "html"
PAGE = 1_500_000
MODEL_PAGE = 8_000_000
BOOK = 25_000_000
"""Of an edition, without what `make pdf` puts beside its pages."""
IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)")
needs_book = pytest.mark.skipif(not BUILT.exists(), reason="no book is built here (make book)")


class Loaded(HTMLParser):
    """What a page loads, as its HTML says it, in `addresses`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.addresses += values.get("data-scripts", "").split()  # what a choice on the page loads
        if tag in ("script", "img", "source", "iframe") and "src" in values:
            self.addresses.append(values["src"])
        elif tag == "link" and {"stylesheet", "preload", "icon"} & set(values.get("rel", "").split()):
            self.addresses.append(values["href"])
        elif tag == "object" and "data" in values:
            self.addresses.append(values["data"])


def files(page: Path) -> set[Path]:
    """The page's own file and all that it loads from the book; what is missing, a browser does not load, either."""
    html = page.read_text(encoding="utf-8")
    found = {page} | _beside(page, Loaded(html).addresses) | _beside(page, IN_STYLES.findall(html))
    for style in [path for path in found if path.suffix == ".css"]:
        found |= _beside(style, IN_STYLES.findall(style.read_text(encoding="utf-8")))
    return {path for path in found if "mathjax" not in path.parts}


def _beside(place: Path, addresses: list[str]) -> set[Path]:
    own = [unquote(urlsplit(one).path) for one in addresses if not urlsplit(one).scheme]
    return {path for one in own if one and (path := (place.parent / one).resolve()).is_file()}


def weight(page: Path) -> int:
    return sum(path.stat().st_size for path in files(page))


@needs_book
def test_no_page_is_heavy():
    pages = [page for page in BUILT.rglob("*.html") if "_static" not in page.parts]
    assert len(pages) > 30
    weights = {page.relative_to(BUILT).as_posix(): weight(page) for page in pages}
    limits = {"try.html": MODEL_PAGE, "zh/try.html": MODEL_PAGE}
    heavy = {name: bytes_ for name, bytes_ in weights.items() if bytes_ > limits.get(name, PAGE)}
    assert not heavy, heavy


@needs_book
def test_the_page_with_models_has_all_that_its_choices_load():
    page = BUILT / "try.html"
    wanted = Loaded(page.read_text(encoding="utf-8")).addresses
    scripts = [page.parent / one for one in wanted if "_static/try/" in one]
    assert {"style-model.js", "privacy-model.js"} <= {path.name for path in scripts}
    assert all(path.is_file() for path in scripts)


@needs_book
def test_the_book_is_not_heavy():
    everything = [path for path in BUILT.rglob("*") if path.is_file() and path.suffix != ".pdf"]
    chinese = [path for path in everything if BUILT / "zh" in path.parents]
    for edition in (set(everything) - set(chinese), chinese):
        assert sum(path.stat().st_size for path in edition) <= BOOK


@needs_book
def test_every_icon_is_drawn_by_the_build():
    """Else a page would need the theme's script of all icons, which is not in the book."""
    for page in BUILT.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:i|span)\b[^>]*class="[^"]*\bfa-', html), page
        assert "fontawesome.js" not in html, page
    assert not list(BUILT.rglob("fontawesome.js*"))


def test_what_a_page_loads_is_counted_once(tmp_path):
    page = """<html><head><link rel="stylesheet" href="../_static/a.css?v=1"/><link rel="next" href="next.html">
    <link rel="preload" as="script" href="../_static/a.js"><script src="../_static/mathjax/m.js"></script></head>
    <body><script src="../_static/a.js"></script><img src="a%20b.svg"><img src="data:image/png;base64,AAAA">
    <img src="https://example.org/far.png"><p style="background: url('c.png')"></p>
    <input data-scripts="d.js e.js"><input data-scripts="d.js"></body></html>"""
    loaded = {"page/d.js": "123", "page/e.js": "1234567890"}
    loaded |= {"_static/a.css": "p { background: url(fonts/f.woff2) }", "_static/a.js": "1234", "page/a b.svg": "12345"}
    loaded |= {"_static/fonts/f.woff2": "1234567", "page/c.png": "12"}
    others = {"page/next.html": "1" * 100, "_static/mathjax/m.js": "1" * 1000, "_static/b.js": "1" * 10000}
    write_files(tmp_path, {"page/page.html": page, **loaded, **others})
    assert weight(tmp_path / "page" / "page.html") == len(page) + sum(map(len, loaded.values()))
