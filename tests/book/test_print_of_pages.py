"""Pages on paper: nothing is cut, nothing is useless there, claims have their intervals, no sheet is empty."""

import io
from pathlib import Path

import pytest

from lmstudy.publishing.order import contents
from lmstudy.publishing.paper.binding import named_places
from lmstudy.publishing.paper.printing import BOOK, LARGE, SHEET, Paper, Printed, opened, print_pages
from tests.book.browser import CHROMIUM, Browser
from tests.conftest import ROOT, write_files

BUILT = ROOT / "book" / "_build" / "html"
CHECKS = (Path(__file__).parent / "print_of_pages.js").read_text(encoding="utf-8")
FOOT = 72 * BOOK.bottom
"""Points from the lower edge to the end of the text."""
STRANDED = 45
"""Points that a heading of a section needs, with a line of text below it."""
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)")
pypdf = pytest.importorskip("pypdf")


def layout_faults(browser: Browser, page: Path, paper: Paper = BOOK) -> list[str]:
    """What is wrong with a page as it will be printed: a line each."""
    opened(browser, page, paper)
    browser.evaluate(CHECKS)
    return [f"{page.name}: {fault}" for fault in browser.evaluate("printFaults()")]


def sheet_faults(printed: Printed) -> list[str]:
    """Sheets with nothing on them, and headings with nothing below."""
    reader = pypdf.PdfReader(io.BytesIO(printed.pdf))
    found = []
    for number, sheet in enumerate(reader.pages, start=1):
        if not sheet.extract_text().strip() and "/XObject" not in sheet.get("/Resources", {}):
            found.append(f"{printed.page.name}: sheet {number} is empty")
    places = named_places(printed, reader)
    for heading in printed.headings:
        _, _, top = places.get(heading.id, (0, 0, 1000))
        if top < FOOT + STRANDED:
            found.append(f"{printed.page.name}: {heading.text!r} stands at the foot of a sheet")
    return found


@pytest.mark.slow
@needs_chromium
@pytest.mark.skipif(not BUILT.exists(), reason="no book is built here (make book)")
@pytest.mark.parametrize("edition", ["", "zh"])
def test_the_pages_of_the_book_built_here_can_be_read_on_paper(tmp_path, edition):
    folder = BUILT / edition
    if not (folder / "index.html").exists():
        pytest.skip("this edition is not built here")
    pages = [folder / f"{name}.html" for name in contents(ROOT / "book" / "_toc.yml")]
    found = []
    with Browser(tmp_path) as browser:
        for page in pages:
            found += layout_faults(browser, page)
            found += [fault for one in print_pages(browser, [page]) for fault in sheet_faults(one)]
    assert not found, f"{len(found)} faults:\n" + "\n".join(found[:60])


@needs_chromium
@pytest.mark.skipif(not (BUILT / "worksheet.html").exists(), reason="no book is built here (make book)")
@pytest.mark.parametrize("edition", ["", "zh"])
def test_the_worksheet_built_here_is_a_sheet_and_its_solution_another(tmp_path, edition):
    page = BUILT / edition / "worksheet.html"
    if not page.exists():
        pytest.skip("this edition is not built here")
    with Browser(tmp_path) as browser:
        for paper in (BOOK, SHEET):
            (one,) = print_pages(browser, [page], paper)
            blank, solved = (sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(one.pdf)).pages)
            assert "dE" in blank
            assert "dE" in solved
            assert len(solved) > len(blank) + 200


@needs_chromium
@pytest.mark.skipif(not (BUILT / "errata.html").exists(), reason="no book is built here (make book)")
@pytest.mark.parametrize("edition", ["", "zh"])
def test_no_erratum_built_here_is_cut(tmp_path, edition):
    page = BUILT / edition / "errata.html"
    if not page.exists():
        pytest.skip("this edition is not built here")
    with Browser(tmp_path) as browser:
        assert not layout_faults(browser, page, LARGE)
        (one,) = print_pages(browser, [page], LARGE)
    reader = pypdf.PdfReader(io.BytesIO(one.pdf))
    texts = [" ".join(sheet.extract_text().split()) for sheet in reader.pages]
    entries = [name for name in reader.named_destinations if name.removeprefix("/").startswith("erratum-")]
    assert len(entries) > 40
    severity = "程度：" if edition == "zh" else "Severity:"
    for text in texts[2:]:  # from the first erratum on, each sheet begins an entry and ends one
        begun, ended = text.count("改为：" if edition == "zh" else "Should read:"), text.count(severity)
        assert begun == ended


HEAD = "<!doctype html><html lang='en'><body><article class='bd-article'><h1>t</h1>"


@needs_chromium
def test_an_offer_of_a_pdf_is_shown_where_there_is_one(tmp_path):
    style = (ROOT / "book" / "_static" / "print.css").read_text(encoding="utf-8")
    offers = {"none": "The PDF.", "link": "<a href='x.pdf'>The PDF.</a>"}
    body = "".join(f"<p id='{name}'><span class='as-pdf'>{offer}</span></p>" for name, offer in offers.items())
    write_files(tmp_path / "pages", {"page.html": f"{HEAD}<style>{style}</style>{body}"})
    with Browser(tmp_path / "profile") as browser:
        browser.open(tmp_path / "pages" / "page.html")
        heights = [browser.evaluate(f"document.getElementById('{name}').offsetHeight") for name in offers]
    assert heights[0] == 0 < heights[1]


@needs_chromium
def test_each_kind_of_fault_is_found(tmp_path):
    more = "<span class='claim-more'><span class='claim-interval'>1 to 2</span></span>"
    sound = f"<p>a <span class='claim'><span class='claim-number'>1</span>{more}</span> b</p>"
    bodies = {
        "sound": f"{sound}<details>x</details><a href='https://example.org/abs/17'>17</a>",
        "wide": "<p style='width: 3000px'>x</p>",
        "cut": "<pre style='overflow: hidden; white-space: pre; width: 90px'>" + "x" * 99 + "</pre>",
        "useless": "<button>try</button>",
        "interval": "<p><span class='claim'>1</span></p>",
        "dark": "<div style='background: #111; height: 300px'>x</div>",
    }
    said = {"wide": "px wide", "cut": "cut at", "useless": "useless", "interval": "no interval", "dark": "dark"}
    write_files(tmp_path / "pages", {f"{name}.html": HEAD + body for name, body in bodies.items()})
    filled = f"<div style='height: {BOOK.height - 30 - 90}px'></div>"
    stranded = f"{filled}<section id='s'><h2 style='margin: 0'>s</h2><p style='break-before: page'>x</p></section>"
    blank = (
        "<div style='height: 10px; break-after: page'></div><div style='height: 9px; break-after: page'></div><p>x</p>"
    )
    write_files(tmp_path / "pages", {"stranded.html": HEAD + stranded, "blank.html": HEAD + blank})
    with Browser(tmp_path / "profile") as browser:
        for name in bodies:
            found = layout_faults(browser, tmp_path / "pages" / f"{name}.html")
            assert len(found) == (name != "sound"), found
            assert all(said[name] in line for line in found)
        pages = [tmp_path / "pages" / f"{name}.html" for name in ("stranded", "blank", "sound")]
        found = [sheet_faults(one) for one in print_pages(browser, pages)]
    assert ["foot of a sheet" in line for line in found[0]] == [True]
    assert ["sheet 2 is empty" in line for line in found[1]] == [True]
    assert not found[2]
