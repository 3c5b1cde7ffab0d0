"""Pages of the built book on paper: a headless Chromium prints each as a PDF of its own."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.publishing.chromium import FORMULAS_DRAWN, PATIENCE, Chromium

A4 = (8.27, 11.69)
"""In inches."""
SCRIPT = Path(__file__).with_name("printing.js")
SECONDS_A_SHEET = 3.0
"""That printing may take, beyond what any command may, on a machine that is busy with other things."""


@dataclass(frozen=True)
class Paper:
    """How a page lies on A4.

    Args:
        side: margin at the left and at the right, in inches.
        scale: of the text, 1 for pixels of 1/96 inch.
        top: margin above, in inches.
        bottom: margin below, in which the foot stands.
    """

    side: float
    scale: float
    top: float = 0.7
    bottom: float = 0.8

    @property
    def width(self) -> int:
        """Of the text, in pixels of the page."""
        return int((A4[0] - 2 * self.side) * 96 / self.scale)

    @property
    def height(self) -> int:
        """Of a sheet without its margins, in pixels of the page."""
        return int((A4[1] - self.top - self.bottom) * 96 / self.scale)

    def point(self, left: float, top: float, height: float) -> tuple[float, float]:
        """Where on a sheet a named place is, in points from its left and lower edge.

        Chromium writes of such a place how far it is from the corner of the text, with no regard to margins and scale.

        Args:
            left: of the place as it is written.
            top: likewise.
            height: of the sheet, in points.
        """
        return 72 * self.side + left * self.scale, height - 72 * self.top - (height - top) * self.scale

    def settings(self) -> dict[str, float]:
        """For Chromium."""
        margins = {
            "marginLeft": self.side,
            "marginRight": self.side,
            "marginTop": self.top,
            "marginBottom": self.bottom,
        }
        return {"paperWidth": A4[0], "paperHeight": A4[1], **margins, "scale": self.scale}


BOOK = Paper(side=0.75, scale=0.85)
SHEET = Paper(side=0.55, scale=0.95, top=0.45, bottom=0.6)
"""For a page by itself."""
LARGE = Paper(side=0.55, scale=1.2)
"""The same, in letters that can be read on a telephone, too."""


@dataclass(frozen=True)
class Heading:
    """Of a section: its text, and the id of what it stands in."""

    text: str
    id: str


@dataclass(frozen=True)
class Printed:
    """A page of the book: its file, its title and language, its PDF, how it lies, and the headings of its sections."""

    page: Path
    title: str
    language: str
    pdf: bytes
    paper: Paper
    headings: Sequence[Heading] = ()


def print_pages(browser: Chromium, pages: Sequence[Path], paper: Paper = BOOK) -> Iterator[Printed]:
    """Every page as a PDF of its own, on A4, with an empty foot.

    Args:
        browser: prints them.
        pages: HTML files.
        paper: how they lie on it; on any but `BOOK`, each is to be read without the others.

    Raises:
        StudyError: a page is not there, or Chromium fails.
    """
    for page in pages:
        if not page.is_file():
            raise StudyError(f"{page}: the contents name this page, and it is not built; make book")
        told = opened(browser, page, paper)
        sheets = browser.evaluate("document.documentElement.scrollHeight") / paper.height
        pdf = pdf_of(browser, PATIENCE + SECONDS_A_SHEET * sheets, **paper.settings())
        headings = [Heading(**heading) for heading in told["headings"]]
        yield Printed(page, told["title"], told["language"], pdf, paper, headings)


def opened(browser: Chromium, page: Path, paper: Paper = BOOK) -> dict[str, Any]:
    """Open a page as it will be printed; what `printing.js` tells of it."""
    browser.call("Emulation.setEmulatedMedia", media="print")
    size = {"width": paper.width, "height": paper.height, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    browser.open(page)
    browser.evaluate(FORMULAS_DRAWN)
    browser.evaluate(SCRIPT.read_text(encoding="utf-8"))
    asked = json.dumps({"alone": paper != BOOK, "sheet": paper.height})
    told: dict[str, Any] = browser.evaluate(f"preparePage({asked})")
    return told


def pdf_of(browser: Chromium, patience: float, **settings: object) -> bytes:
    """What is open, as a PDF.

    Args:
        browser: that has it open.
        patience: seconds that it may take.
        settings: of `Page.printToPDF`.
    """
    reply = browser.call("Page.printToPDF", patience=patience, printBackground=True, **settings)
    return base64.b64decode(reply["data"])
