"""The book as one PDF: pages in order, an outline, links within it; a clear message where it cannot be made."""

import io
import sys

import pytest

from lmstudy.commands import book as book_cli
from lmstudy.errors import StudyError
from lmstudy.publishing import chromium
from lmstudy.publishing.chromium import PATIENCE
from lmstudy.publishing.pdf import SECONDS_A_SHEET, contents, joined, print_pages, write_pdf
from tests.book.browser import CHROMIUM
from tests.conftest import write_files

TOC = """
root: intro
parts:
- caption: One
  chapters:
  - file: notebooks/02_b
    sections:
    - file: deep
- caption: Two
  chapters:
  - file: last
"""
PAGE = """<!doctype html><head><title>no title</title></head><body><article class="bd-article">
<h1>{title} &amp; <em>more</em><a class="headerlink">#</a></h1>{body}</article></body>"""
BODIES = {
    "intro": '<a href="notebooks/02_b.html#there">b</a> <a href="last.html">last</a> <a href="https://example.org">w</a>'
    '<a href="gone.html">gone</a> <a href="#own">own</a><p id="own" style="margin-top: 30cm">end</p>',
    "notebooks/02_b": "<p>b</p><p id='there' style='margin-top: 30cm'>there</p>"
    "<details><summary>s</summary>open</details>",
    "deep": "<p>deep</p>",
    "last": "<p>last</p>",
}
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)")


@pytest.fixture
def root(tmp_path):
    pages = {f"{name}.html": PAGE.format(title=name, body=body) for name, body in BODIES.items()}
    files = {f"book/_build/html/{name}": text for name, text in {"index.html": "", **pages}.items()}
    return write_files(tmp_path, {"book/_toc.yml": TOC, **files})


def test_pages_come_in_the_order_of_the_contents(root):
    assert contents(root / "book" / "_toc.yml") == ["intro", "notebooks/02_b", "deep", "last"]


@needs_chromium
def test_the_book_is_one_file_whose_links_stay_within_it(root):
    pypdf = pytest.importorskip("pypdf")
    file = write_pdf(root)
    assert file == root / "book" / "_build" / "lmstudy.pdf"
    reader = pypdf.PdfReader(file)
    assert [(reader.get_destination_page_number(one), one.title) for one in reader.outline] == [
        (0, "intro & more"),
        (2, "notebooks/02_b & more"),
        (4, "deep & more"),
        (5, "last & more"),
    ]
    assert "open" in reader.pages[3].extract_text()
    links = [link.get_object() for link in reader.pages[0]["/Annots"]]
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(reader.pages)}
    assert [numbers[link["/Dest"][0].idnum] if "/Dest" in link else None for link in links] == [3, 5, None, None, 1]
    assert [link["/A"]["/URI"] if "/A" in link else None for link in links] == [
        *[None] * 2,
        "https://example.org/",
        None,
        None,
    ]


@needs_chromium
def test_a_longer_page_has_longer_to_be_printed(tmp_path, monkeypatch):
    given = {}

    def watched(self, method, **parameters):
        if method == "Page.printToPDF":
            given[len(given)] = parameters["patience"]
        return call(self, method, **parameters)

    call = chromium.Chromium.call
    monkeypatch.setattr(chromium.Chromium, "call", watched)
    bodies = {"short": "<p>a</p>", "long": "<p style='height: 20000px'>b</p>"}
    write_files(tmp_path, {f"{name}.html": PAGE.format(title=name, body=body) for name, body in bodies.items()})
    print_pages([tmp_path / "short.html", tmp_path / "long.html"])
    assert given[0] >= PATIENCE
    assert given[1] >= given[0] + 19 * SECONDS_A_SHEET


@needs_chromium
def test_a_command_that_is_not_answered_is_named(tmp_path):
    with (
        chromium.Chromium(tmp_path) as browser,
        pytest.raises(StudyError, match=r"did not answer Runtime\.evaluate within 1 s"),
    ):
        browser.call("Runtime.evaluate", patience=1, expression="while (true);")


@needs_chromium
def test_without_pypdf_every_page_is_a_file(root, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    folder = write_pdf(root)
    assert sorted(path.name for path in folder.iterdir()) == [
        "01_intro.pdf",
        "02_02_b.pdf",
        "03_deep.pdf",
        "04_last.pdf",
    ]
    assert "pypdf, which joins them, is not installed" in capsys.readouterr().out


@needs_chromium
def test_a_page_that_is_not_built_is_named(root):
    (root / "book" / "_build" / "html" / "deep.html").unlink()
    with pytest.raises(StudyError, match=r"deep\.html: the contents name this page, and it is not built"):
        write_pdf(root)


def test_a_book_that_is_not_built_cannot_be_printed(tmp_path):
    with pytest.raises(StudyError, match="no book is built here"):
        write_pdf(tmp_path)


def test_without_chromium_the_command_says_so_before_it_builds(monkeypatch, capsys):
    monkeypatch.setattr(chromium, "CHROMIUM", None)
    assert book_cli.main(["--pdf"]) == 1
    assert "no Chromium on PATH" in capsys.readouterr().err
    with pytest.raises(StudyError, match="no Chromium on PATH"):
        print_pages([])


@needs_chromium
def test_nothing_printed_is_an_empty_file():
    pypdf = pytest.importorskip("pypdf")
    assert len(pypdf.PdfReader(io.BytesIO(joined([]))).pages) == 0
