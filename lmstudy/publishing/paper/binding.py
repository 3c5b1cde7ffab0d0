"""Binds printed pages into one PDF: contents, numbers at the foot and behind links, an outline, links that stay within.

Chromium prints each page by itself and knows nothing of its place in the book. What depends on it is printed on sheets
of its own, which are laid over the others.
"""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

from lmstudy.publishing.chromium import FORMULAS_DRAWN, PATIENCE, Chromium
from lmstudy.publishing.paper.printing import SECONDS_A_SHEET, Printed, pdf_of

SLOT = "?page"
"""At the end of the address of a link whose place is to hold the number of its sheet."""
A4 = (595.0, 842.0)
"""In points."""
STYLE = """
@page { size: 595pt 842pt; margin: 0 }
html { font-family: "Noto Sans", system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif }
html, body { margin: 0; padding: 0 }
a { color: inherit; text-decoration: none }
"""
OVERLAY = """
.sheet { position: relative; width: 595pt; height: 842pt; overflow: hidden; break-after: page }
.sheet:last-child { break-after: auto }
.foot { position: absolute; left: 54pt; right: 54pt; bottom: 26pt; display: flex; font-size: 7pt; color: #555 }
.foot > :first-child { flex: 1 }
.at { position: absolute; font-size: 6pt; line-height: 1; color: #555; white-space: nowrap }
"""
CONTENTS = """
@page { margin: 48pt 54pt 56pt }
body { font-size: 8.5pt; line-height: 1.35 }
h1 { margin: 0 0 6pt; font-size: 17pt; font-weight: 500; line-height: 1.25 }
body > p { margin: 0 0 12pt; color: #555 }
main { columns: 2; column-gap: 22pt }
h2 { margin: 11pt 0 2pt; font-size: 9pt; color: #0b57b0; break-after: avoid }
h2:first-child { margin-top: 0 }
a { display: flex; gap: 5pt; break-inside: avoid }
a > :first-child { flex: 1 }
a.page { margin-top: 4pt; font-weight: 600; break-after: avoid }
a.section { padding-left: 9pt; font-size: 7.2pt; color: #444 }
"""


@dataclass(frozen=True)
class Words:
    """What the contents say."""

    title: str
    explanation: str


@dataclass(frozen=True)
class Slot:
    """A place on a sheet, in points from its left and upper edge, and the address whose sheet it names."""

    left: float
    top: float
    address: str


def bound(
    browser: Chromium,
    parts: Sequence[tuple[str, Sequence[Printed]]],
    words: Words | None = None,
) -> bytes:
    """One PDF of printed pages.

    Args:
        browser: prints what is added.
        parts: of the book: a caption, which may be empty, and pages.
        words: of the contents, which come first; None: no contents.
    """
    printed = [one for _, pages in parts for one in pages]
    binder = Binder(printed)
    if words and printed:
        # Their own length moves every number in them, but numbers that are a little larger move no line.
        binder.first = 4
        binder.first = _count(_contents(browser, parts, words, binder))
        binder.put_first(_contents(browser, parts, words, binder), words.title, printed[0].language)
    return binder.finished(browser, parts)


def named_places(printed: Printed, reader: Any) -> dict[str, tuple[int, float, float]]:
    """By id: on which of a page's sheets, from 0, and where in points from its left and lower edge.

    Args:
        printed: the page.
        reader: of its PDF.
    """
    found = {}
    for name, place in reader.named_destinations.items():
        number = reader.get_destination_page_number(place) or 0
        height = float(reader.pages[number].mediabox.height)
        left, top = printed.paper.point(float(place.left or 0), float(place.top or height), height)
        found[name.removeprefix("/")] = (number, left, top)
    return found


class Binder:
    """Knows on which sheet everything is.

    Args:
        printed: the pages, in order.
    """

    first = 0
    """Sheets that come before those of the pages."""

    def __init__(self, printed: Sequence[Printed]) -> None:
        from pypdf import PdfReader

        self.readers = [PdfReader(io.BytesIO(one.pdf)) for one in printed]
        self.places: dict[
            str, tuple[int, Any, Any]
        ] = {}  # by address: the sheet among those of the pages, from 0, and where on it
        self.sheets: list[tuple[str, str, Any]] = []  # of each: address and title of its page, and the sheet itself
        self.language = printed[0].language if printed else "en"
        for one, reader in zip(printed, self.readers, strict=True):
            start, address = len(self.sheets), one.page.resolve().as_uri()
            self.places[address] = (start, None, None)
            for name, (number, left, top) in named_places(one, reader).items():
                self.places[f"{address}#{name}"] = (start + number, left, top)
            self.sheets += [(address, one.title, sheet) for sheet in reader.pages]

    def sheet_of(self, address: str) -> int | None:
        """On which sheet, counted from 1, an address is; None: on none of them."""
        found = self.places.get(address) or self.places.get(urldefrag(address)[0])
        return found and self.first + found[0] + 1

    def put_first(self, pdf: bytes, title: str, language: str) -> None:
        """Put sheets before all others."""
        from pypdf import PdfReader

        self.readers.insert(0, PdfReader(io.BytesIO(pdf)))
        self.sheets[:0] = [("", title, sheet) for sheet in self.readers[0].pages]
        self.language = language

    def finished(self, browser: Chromium, parts: Sequence[tuple[str, Sequence[Printed]]]) -> bytes:
        """The bound file: numbered, linked, with an outline of parts, pages and sections."""
        from pypdf import PdfReader, PdfWriter

        over = PdfReader(io.BytesIO(self._overlay(browser))).pages if self.sheets else []
        writer = PdfWriter()
        for (_, _, sheet), stamp in zip(self.sheets, over, strict=True):
            page = writer.add_page(sheet)
            page.merge_page(stamp)
            page.compress_content_streams()
        for number, (address, _, _) in enumerate(self.sheets):
            for link in writer.pages[number].get("/Annots", []):
                self._lead_within(writer, link.get_object(), address)
        self._outline(writer, parts)
        writer.compress_identical_objects()
        if self.sheets:
            writer.add_metadata({"/Title": self.sheets[0][1]})
        stream = io.BytesIO()
        writer.write(stream)
        return stream.getvalue()

    def slots(self, sheet: Any) -> list[Slot]:
        """The places for numbers on a sheet."""
        found, height = [], float(sheet.mediabox.height)
        for link in sheet.get("/Annots", []):
            address = unquote(str(link.get_object().get("/A", {}).get("/URI", "")))
            page, mark, fragment = address.partition(SLOT)
            if mark:
                left, bottom, _, top = map(float, link.get_object()["/Rect"])
                found.append(Slot(left, height - max(bottom, top), page + fragment))
        return found

    def _overlay(self, browser: Chromium) -> bytes:
        drawn = []
        for number, (_, title, sheet) in enumerate(self.sheets, start=1):
            texts = ""
            for slot in self.slots(sheet):
                if to := self.sheet_of(slot.address):
                    texts += f'<span class="at" style="left: {slot.left:.1f}pt; top: {slot.top:.1f}pt">→{to}</span>'
            foot = f'<div class="foot"><span>{escape(title)}</span><span>{number}</span></div>'
            drawn.append(f'<div class="sheet">{texts}{foot}</div>')
        return _printed(browser, "".join(drawn), OVERLAY, self.language, len(drawn))

    def _lead_within(self, writer: Any, link: Any, own: str) -> None:
        """Point a link at the sheet that it means; one to another file of this machine leads nowhere."""
        from pypdf.generic import ArrayObject, FloatObject, NameObject, NullObject

        address = unquote(str(link.get("/A", {}).get("/URI", ""))).replace(SLOT, "")
        if isinstance(link.get("/Dest"), str):
            address = f"{own}#{unquote(str(link['/Dest'])).removeprefix('/')}"
        elif not address.startswith("file:"):
            return
        link.pop("/A", None)
        link.pop("/Dest", None)
        if found := self.places.get(address) or self.places.get(urldefrag(address)[0]):
            number, left, top = found
            view = [NullObject() if value is None else FloatObject(round(value, 1)) for value in (left, top, None)]
            place = [writer.pages[self.first + number].indirect_reference, NameObject("/XYZ"), *view]
            link[NameObject("/Dest")] = ArrayObject(place)

    def _outline(self, writer: Any, parts: Sequence[tuple[str, Sequence[Printed]]]) -> None:
        for caption, pages in parts:
            part = None
            for one in pages:
                address = one.page.resolve().as_uri()
                start = self.first + self.places[address][0]
                if caption and part is None:
                    part = writer.add_outline_item(title=caption, page_number=start)
                page = writer.add_outline_item(title=one.title, page_number=start, parent=part)
                for heading in one.headings:
                    number = (self.sheet_of(f"{address}#{heading.id}") or start + 1) - 1
                    writer.add_outline_item(title=heading.text, page_number=number, parent=page)


def _contents(browser: Chromium, parts: Sequence[tuple[str, Sequence[Printed]]], words: Words, binder: Binder) -> bytes:
    rows = []
    for caption, pages in parts:
        rows.append(f"<h2>{escape(caption)}</h2>" if caption else "")
        for one in pages:
            address = one.page.resolve().as_uri()
            rows.append(_row("page", address, one.title, binder))
            rows += [_row("section", f"{address}#{h.id}", h.text, binder) for h in one.headings]
    above = f"<h1>{escape(words.title)}</h1><p>{escape(words.explanation)}</p>"
    return _printed(browser, f"{above}<main>{''.join(rows)}</main>", CONTENTS, binder.language, len(rows) / 20)


def _row(kind: str, address: str, text: str, binder: Binder) -> str:
    number = binder.sheet_of(address) or ""
    return f'<a class="{kind}" href="{escape(address)}"><span>{escape(text)}</span><span>{number}</span></a>'


def _printed(browser: Chromium, body: str, style: str, language: str, sheets: float) -> bytes:
    """A PDF of HTML that brings its own margins and nothing else."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "page.html"
        head = (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><style>{STYLE}{style}</style></head>'
        )
        page.write_text(f"{head}<body>{body}</body></html>", encoding="utf-8")
        browser.open(page)
        browser.evaluate(FORMULAS_DRAWN)
        return pdf_of(browser, PATIENCE + SECONDS_A_SHEET * sheets, preferCSSPageSize=True)


def _count(pdf: bytes) -> int:
    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(pdf)).pages)
