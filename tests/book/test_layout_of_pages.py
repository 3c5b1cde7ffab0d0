"""Pages fit a telephone, a desk and a wide screen, and can be read in light and in dark."""

from pathlib import Path

import pytest

from lmstudy.publishing.chromium import FORMULAS_DRAWN
from tests.book.browser import CHROMIUM, Browser
from tests.conftest import ROOT, write_files

BUILT = ROOT / "book" / "_build" / "html"
EDITIONS = (BUILT, BUILT / "zh")
WIDTHS = (390, 1300, 1700)
SCHEMES = ("light", "dark")
CONTRAST = 4.5
DOTS = 3.0
"""The least contrast of what is drawn, by WCAG 2.1."""
TEXTS = 400
"""Pieces of text looked at on a page."""
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)")

CHECKS = (Path(__file__).parent / "layout_of_pages.js").read_text(encoding="utf-8")


def faults(browser: Browser, page: Path) -> list[str]:
    """What is wrong with a page at any width and in any scheme: a line each, with the element's selector."""
    browser.call("Emulation.setScrollbarsHidden", hidden=True)  # as on a telephone
    browser.open(page, query="q=model" if page.name == "search.html" else "")
    browser.evaluate(FORMULAS_DRAWN)
    browser.evaluate(CHECKS)
    found = []
    for width in WIDTHS:
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        found += [f"{page.name} at {width} px: {line}" for line in browser.evaluate("layoutFaults()")]
        found += [f"{page.name} at {width} px: {line}" for line in browser.evaluate("hiddenFaults()")]
        for scheme in SCHEMES:
            lines = browser.evaluate(f"contrastFaults({scheme!r}, {CONTRAST}, {TEXTS})")
            lines += browser.evaluate(f"dotFaults({scheme!r}, {DOTS})")
            found += [f"{page.name} at {width} px, {scheme}: {line}" for line in lines]
    return found


@pytest.mark.slow
@needs_chromium
@pytest.mark.skipif(not BUILT.exists(), reason="no book is built here (make book)")
def test_the_pages_of_the_book_built_here_fit_and_can_be_read(tmp_path):
    with Browser(tmp_path) as browser:
        pages = [page for folder in EDITIONS for part in ("*", "notebooks/*") for page in folder.glob(f"{part}.html")]
        found = [line for page in sorted(pages) if page.name != "index.html" for line in faults(browser, page)]
    assert not found, f"{len(found)} faults:\n" + "\n".join(found[:60])


PAGE = """<!doctype html><html data-theme="light"><head><style>
body { margin: 0; color: #000; background: #fff } html[data-theme="dark"] body { color: #fff; background: #111 }
</style></head><body>BODY</body></html>"""


SHADE = "background: linear-gradient(red, transparent) local"


@needs_chromium
def test_each_kind_of_fault_is_found(tmp_path):
    bodies = {
        "sound": f"<p>text</p><div style='overflow-x: auto; {SHADE}'><p style='width: 2000px'>wide</p></div>",
        "wide": "<main><p id='w' style='width: 500px'>text</p></main>",
        "far": "<div style='overflow: hidden'><p class='a b' style='width: 2000px'>text</p></div>",
        "pale": "<p style='color: #999; background: #fff'>text</p>",
        "dark": "<p style='color: #000'>text</p>",
        "veiled": "<p style='opacity: .3'>text</p>",
        "dot": "<i class='strip-dot' style='display: block; width: 9px; height: 9px; background: #444'></i>",
        "unsigned": "<div style='overflow-x: auto'><p style='width: 2000px'>wide</p></div>",
        "caption": f"<div style='overflow-x: auto; {SHADE}'><table><caption>{'wide ' * 400}</caption>"
        "<tr><td style='min-width: 2000px'>1</td></tr></table></div>",
        "ticks": "<div><div class='strip'><b class='strip-tick'>as many</b><b class='strip-tick' "
        "style='margin-left: -1em'>0.5</b></div></div>",
        "small": "<div class='cell_output'><figure><img alt='' style='width: 300px; height: 9px'></figure></div>",
        "hidden": "<p style='color: #fff; display: none'>text</p><p style='color: #fff; visibility: hidden'>text</p>",
    }
    write_files(tmp_path / "pages", {f"{name}.html": PAGE.replace("BODY", body) for name, body in bodies.items()})
    with Browser(tmp_path / "profile") as browser:
        found = {name: faults(browser, tmp_path / "pages" / f"{name}.html") for name in bodies}
    assert found["sound"] == found["hidden"] == []
    assert all("wide.html at 390 px: " in line for line in found["wide"])
    assert any("p#w" in line for line in found["wide"])
    assert [line.partition(": ")[0] for line in found["far"]] == [f"far.html at {w} px" for w in WIDTHS]
    assert "p.a.b" in found["far"][0]
    assert len(found["pale"]) == 2 * len(WIDTHS)
    assert "2.8" in found["pale"][0]
    assert [line.partition(": ")[0] for line in found["dark"]] == [f"dark.html at {w} px, dark" for w in WIDTHS]
    assert len(found["veiled"]) == 2 * len(WIDTHS)
    hidden = {"unsigned": "sign", "caption": "cut off", "ticks": "collides with 0.5", "small": "300 px"}
    for name, said in hidden.items():
        assert len(found[name]) == len(WIDTHS), found[name]
        assert all(said in line for line in found[name])
    assert [line.partition(": ")[0] for line in found["dot"]] == [f"dot.html at {w} px, dark" for w in WIDTHS]
