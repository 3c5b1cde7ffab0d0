"""The book as one PDF, and pages as PDFs of their own; a clear message where they cannot be made."""

import io
import sys
from collections import Counter

import pytest

from lmstudy.commands import book as book_cli
from lmstudy.errors import StudyError
from lmstudy.publishing import chromium
from lmstudy.publishing.chromium import PATIENCE, Chromium
from lmstudy.publishing.order import contents, parts
from lmstudy.publishing.paper.binding import bound, named_places
from lmstudy.publishing.paper.pdf import EXPLANATION, offer, write_pdfs
from lmstudy.publishing.paper.printing import BOOK, LARGE, SECONDS_A_SHEET, SHEET, print_pages
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
PAGE = """<!doctype html><html lang="en"><head><title>no title</title></head><body><article class="bd-article">
<h1>{title} &amp; <em>more</em><a class="headerlink">#</a></h1>{body}</article></body>"""
BODIES = {
    "intro": '<a href="notebooks/02_b.html#there">b</a> <a href="last.html">last</a> <a href="https://example.org">w</a>'
    '<a href="gone.html">gone</a> <a href="#own">own</a><p id="own" style="margin-top: 30cm">end</p>',
    "notebooks/02_b": "<p>b</p><section id='there' style='margin-top: 30cm'><h2>there</h2></section>"
    "<details><summary>s</summary>open</details>",
    "deep": "<p>deep</p>",
    "last": '<p>last <span class="as-pdf">as a PDF</span> <a href="deep.html">deep</a></p>',
}
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)")
pypdf = pytest.importorskip("pypdf")


@pytest.fixture
def root(tmp_path):
    pages = {f"{name}.html": PAGE.format(title=name, body=body) for name, body in BODIES.items()}
    files = {f"book/_build/html/{name}": text for name, text in {"index.html": "", **pages}.items()}
    return write_files(tmp_path, {"book/_toc.yml": TOC, "book/_config.yml": "title: A book of tests", **files})


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("profile")) as one:
        yield one


def test_pages_come_in_the_order_of_the_contents(root):
    toc = root / "book" / "_toc.yml"
    assert parts(toc) == [("", ["intro"]), ("One", ["notebooks/02_b", "deep"]), ("Two", ["last"])]
    assert contents(toc) == ["intro", "notebooks/02_b", "deep", "last"]


def outline(reader, entries, depth=0):
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(reader, entry, depth + 1)
        else:
            yield depth, reader.get_destination_page_number(entry), entry.title


@needs_chromium
def test_the_book_is_one_file_whose_links_stay_within_it(root):
    book, last = write_pdfs(root)
    assert book == root / "book" / "_build" / "lmstudy.pdf"
    reader = pypdf.PdfReader(book)
    assert list(outline(reader, reader.outline)) == [
        (0, 1, "intro & more"),
        (0, 3, "One"),
        (1, 3, "notebooks/02_b & more"),
        (2, 4, "there"),
        (1, 5, "deep & more"),
        (0, 6, "Two"),
        (1, 6, "last & more"),
    ]
    texts = [page.extract_text() for page in reader.pages]
    assert texts[0].startswith("A book of tests")
    assert EXPLANATION in " ".join(texts[0].split())
    assert "open" in texts[4]
    for number, text in enumerate(texts, start=1):
        assert text.split()[-1] == str(number)
    links = [link.get_object() for link in reader.pages[1]["/Annots"]]
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(reader.pages)}
    led = [numbers[link["/Dest"][0].idnum] if "/Dest" in link else None for link in links]
    assert Counter(led) >= Counter({4: 2, 6: 2, 2: 2, None: 3})  # each with the place of its number; one may be broken
    assert set(led) == {4, 6, 2, None}
    assert [arrow for arrow in ("→5", "→7", "→3") if arrow in texts[1]] == ["→5", "→7", "→3"]
    assert {link["/A"]["/URI"] for link in links if "/A" in link} == {"https://example.org/"}
    assert "(https://example.org)" in texts[1]
    assert last == root / "book" / "_build" / "html" / "lmstudy-last.pdf"
    assert len(pypdf.PdfReader(last).pages) == 1
    page = last.with_name("last.html").read_text(encoding="utf-8")
    assert '<span class="as-pdf"><a href="lmstudy-last.pdf" download>as a PDF</a></span>' in page


@needs_chromium
def test_another_edition_is_a_file_of_its_own(root):
    built, sources = root / "book" / "_build" / "html", root / "book" / "_build" / "zh" / "book"
    pages = {f"zh/{page.relative_to(built)}": page.read_text() for page in built.rglob("*.html")}
    write_files(built, pages)
    write_files(sources, {"_toc.yml": TOC.replace("One", "一"), "_config.yml": "title: 书"})
    po = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "{EXPLANATION}"\nmsgstr "箭头"\n'
    write_files(root / "book" / "locale" / "zh_CN" / "LC_MESSAGES", {"code.po": po})
    book, last = write_pdfs(root, "zh")
    assert book.name == "lmstudy-zh.pdf"
    assert last == built / "zh" / "lmstudy-last-zh.pdf"
    first = pypdf.PdfReader(book).pages[0].extract_text()
    assert first.startswith("书")
    assert "箭头" in first
    with pytest.raises(StudyError, match="no book is built here"):
        write_pdfs(root, "fr")


def test_a_page_offers_a_pdf_that_is_there_alone(tmp_path):
    page, pdf = tmp_path / "a.html", tmp_path / "a.pdf"
    for bare in ('<p><span class="as-pdf">as <b>PDF</b></span></p>', '<p><span class="as-pdf large">x</span></p>'):
        page.write_text(bare)
        offer(page, pdf)
        assert page.read_text() == bare
        pdf.write_bytes(b"")
        offer(page, pdf)
        offer(page, pdf)
        assert page.read_text().count('<a href="a.pdf" download>') == 1
        pdf.unlink()
        offer(page, pdf)
        assert page.read_text() == bare


@needs_chromium
def test_a_page_alone_says_where_its_links_lead(tmp_path, browser):
    title = "A. Author. A title. 2017. arXiv:1706.03762."
    body = (
        f'<p>x <a href="bibliography.html#id1" title="{title}">2017</a> <a href="b.html#s">a section</a></p>'
        '<nav class="bd-links"><a href="b.html">3. The chapter</a></nav>'
    )
    write_files(tmp_path, {"a.html": PAGE.format(title="t", body=body)})
    for paper in (SHEET, LARGE):
        (one,) = print_pages(browser, [tmp_path / "a.html"], paper)
        (page,) = pypdf.PdfReader(io.BytesIO(bound(browser, [("", [one])]))).pages
        text = " ".join(page.extract_text().split())
        assert "a section (3. The chapter)" in text
        assert "A. Author. A title. 2017. arXiv:1706.03762" in text
        assert [link.get_object()["/A"]["/URI"] for link in page["/Annots"]] == ["https://arxiv.org/abs/1706.03762"]
        assert "→" not in text


@needs_chromium
@pytest.mark.parametrize("paper", [BOOK, SHEET, LARGE])
def test_a_place_is_where_its_text_is(tmp_path, browser, paper):
    where = [100, 700, 1500]
    drawn = "".join(f"<p id='p{y}' style='position: absolute; left: {y / 5}px; top: {y}px'>X{y}</p>" for y in where)
    write_files(tmp_path, {"a.html": PAGE.format(title="t", body=drawn)})
    (one,) = print_pages(browser, [tmp_path / "a.html"], paper)
    reader = pypdf.PdfReader(io.BytesIO(one.pdf))
    places, texts = named_places(one, reader), {}
    for number, sheet in enumerate(reader.pages):

        def visit(text, cm, tm, *_, number=number):
            if text.strip():
                texts[text.strip()] = number, cm[0] * tm[4] + cm[4], cm[3] * tm[5] + cm[5]

        sheet.extract_text(visitor_text=visit)
    for y in where:
        number, left, top = places[f"p{y}"]
        assert number == texts[f"X{y}"][0]
        assert left == pytest.approx(texts[f"X{y}"][1], abs=2)
        assert 0 < top - texts[f"X{y}"][2] < 40 * paper.scale  # from the upper edge of the paragraph to its line


@needs_chromium
def test_a_longer_page_has_longer_to_be_printed(tmp_path, monkeypatch, browser):
    given = []

    def watched(self, method, **parameters):
        if method == "Page.printToPDF":
            given.append(parameters["patience"])
        return call(self, method, **parameters)

    call = chromium.Chromium.call
    monkeypatch.setattr(chromium.Chromium, "call", watched)
    bodies = {"short": "<p>a</p>", "long": "<p style='height: 20000px'>b</p>"}
    write_files(tmp_path, {f"{name}.html": PAGE.format(title=name, body=body) for name, body in bodies.items()})
    list(print_pages(browser, [tmp_path / "short.html", tmp_path / "long.html"]))
    assert given[0] >= PATIENCE
    assert given[1] >= given[0] + (20000 / BOOK.height - 1) * SECONDS_A_SHEET


@needs_chromium
def test_a_command_that_is_not_answered_is_named(tmp_path):
    with (
        chromium.Chromium(tmp_path) as browser,
        pytest.raises(StudyError, match=r"did not answer Runtime\.evaluate within 1 s"),
    ):
        browser.call("Runtime.evaluate", patience=1, expression="while (true);")


@needs_chromium
def test_a_page_that_is_not_built_is_named(root):
    (root / "book" / "_build" / "html" / "deep.html").unlink()
    with pytest.raises(StudyError, match=r"deep\.html: the contents name this page, and it is not built"):
        write_pdfs(root)


@needs_chromium
def test_a_book_that_is_not_built_cannot_be_printed(tmp_path):
    with pytest.raises(StudyError, match="no book is built here"):
        write_pdfs(tmp_path)


def test_what_is_missing_is_named_before_anything_is_built(monkeypatch, capsys):
    monkeypatch.setattr(chromium, "CHROMIUM", None)
    assert book_cli.main(["--pdf"]) == 1
    assert "no Chromium on PATH" in capsys.readouterr().err
    monkeypatch.setattr(chromium, "CHROMIUM", "chromium")
    monkeypatch.setitem(sys.modules, "pypdf", None)
    assert book_cli.main(["--pdf"]) == 1
    assert "the package pypdf is missing" in capsys.readouterr().err


@needs_chromium
def test_nothing_printed_is_an_empty_file(browser):
    assert len(pypdf.PdfReader(io.BytesIO(bound(browser, []))).pages) == 0
