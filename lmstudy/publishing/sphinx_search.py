"""A Sphinx extension for a search that works from disk: the texts of all pages in one script, by section.

Sphinx fetches a page to show where a word occurs in it, which browsers refuse for pages opened from disk, and cuts
texts into words, which Chinese does not separate. Here `_static/search-texts.js` holds every section's title, anchor
and text, and `search.js` (in the book's `_static`) looks through them and shows what it finds on the page `search`.
Sphinx's own scripts are taken off all pages; its notice for readers without scripts stays.

A section is an element `section` of a page, an entry of a glossary, a claim's card, a cited work, or a row of a table
that begins with a question, which is its title. Its text is what a reader sees: without folded code, displayed
formulas, pictures made of text, what programs wrote, what opens beside a claim, answers of exercises, a card's
numbers, its id and its records, and cells of tables that hold numbers alone.
"""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from lmstudy.atomic import write_text

LIMIT = 1_500_000
"""Bytes that the script may have."""
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
INLINE = frozenset(
    (
        "a",
        "abbr",
        "b",
        "cite",
        "code",
        "em",
        "i",
        "kbd",
        "mark",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
    )
)
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
UNREAD_TAGS = frozenset(("script", "style", "nav", "button", "fieldset"))
UNREAD_CLASSES = frozenset(
    (
        "headerlink",
        "hide",
        "label",
        "claim-more",
        "claim-card-number",
        "claim-card-origin",
        "claim-records",
        "sd-dropdown",  # the answer of an exercise: to be worked out first
        "strip",
        "plane",
        "live-panel",
        "toctree-wrapper",
        "highlight-diff",
        "highlight-text",
    )
)
CARDS = frozenset(("claim-card", "citation"))
NUMBERS = re.compile(r"[\s\d.,−+%()（）*]*(?:(?:to|至)[\s\d.,−+%()（）*]*)?")
"""A cell without words: a number, with its interval or without."""
OWN_SCRIPTS = re.compile(r'\s*<script[^>]*src="[^"]*(?:searchtools|language_data|searchindex)\.js[^>]*></script>')
UNUSED = re.compile(
    r'\s*<script[^>]*src="[^"]*(?:clipboard\.min|copybutton|togglebutton|design-tabs)\.js[^>]*></script>'
    r'|\s*<link rel="stylesheet"[^>]*href="[^"]*/(?:togglebutton|copybutton|mystnb|worksheet)\.[^>]*>'
)
"""What the page of the search has no use for: it shows no code, tabs or sheets."""
FIELD = re.compile(r'(<button class="[^"]*search-button-field[^>]*?) title="Search" aria-label="Search"')
"""The theme names this button otherwise than what stands on it, the keys of the search included."""

log = logging.getLogger(__name__)


@dataclass
class Section:
    anchor: str
    entry: bool = False  # of a glossary
    row: bool = False  # of a table
    title: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def written(self) -> list[str]:
        """Anchor, title, text."""
        return [self.anchor, _plain(self.title), _plain(self.text)]


class PageTexts(HTMLParser):
    """The sections of a page's HTML, in `sections`, in the order in which they begin."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sections: list[Section] = []
        self._open: list[Section] = []
        self._unread = ("", 0)  # the element that is left out, and how many of its name are open
        self._title: str | None = None  # the tag of the title that is being read
        self._cell = 0  # how many pieces of text there are before the cell that is read
        self._card = 0  # how many elements `div` are open, from a card on
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name, depth = self._unread
        if depth:
            self._unread = (name, depth + (tag == name))
            return
        values = {key: value or "" for key, value in attrs}
        classes = set(values.get("class", "").split())
        if tag in UNREAD_TAGS or classes & UNREAD_CLASSES or (tag == "div" and "math" in classes):
            self._unread = (tag, 1)
        elif tag == "section":
            self._begin(Section(values.get("id", "") if self.sections else ""))
        elif self._card or (self._open and tag == "div" and classes & CARDS and "id" in values):
            self._begin_card(tag, values.get("id", ""))
        elif self._open and tag == "dt" and values.get("id", "").startswith("term-"):
            self._begin_term(values["id"])
        elif self._open and tag == "tr":
            self._begin(Section(self._open[-1].anchor, row=True))
        elif tag == "td" and self._open and self._open[-1].row and not self._open[-1].title:
            self._title = "td"
        elif self._open and tag in HEADINGS and not self._open[-1].title:
            self._title = tag
        self._separate(tag)
        if tag == "td" and self._open:
            self._cell = len(self._open[-1].text)

    def handle_endtag(self, tag: str) -> None:
        name, depth = self._unread
        if depth:
            self._unread = (name, depth - (tag == name))
            return
        if tag == self._title:
            self._title = None
        elif tag == "td" and self._open and NUMBERS.fullmatch("".join(self._open[-1].text[self._cell :])):
            del self._open[-1].text[self._cell :]
        if self._card and tag == "div":
            self._card -= 1
            if not self._card:
                self._open.pop()
        if tag == "tr":
            self._end_row()
        if tag == "dl":
            self._end_entry()
        if tag == "section" and self._open:
            self._end_entry()
            self._open.pop()
        self._separate(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self.handle_starttag(tag, attrs)  # others, as in SVG, hold no text

    def handle_data(self, data: str) -> None:
        if self._open and not self._unread[1]:
            self._pieces().append(data)

    def _pieces(self) -> list[str]:
        return self._open[-1].title if self._title else self._open[-1].text

    def _separate(self, tag: str) -> None:
        if self._open and tag not in INLINE and tag not in HEADINGS:
            self._open[-1].text.append(" ")

    def _begin(self, section: Section) -> None:
        self._open.append(section)
        self.sections.append(section)

    def _begin_card(self, tag: str, anchor: str) -> None:
        if not self._card:
            self._end_entry()
            self._begin(Section(anchor))
        self._card += tag == "div"

    def _begin_term(self, anchor: str) -> None:
        if self._open[-1].entry and not _plain(self._open[-1].text):
            self._open[-1].title.append(" · ")  # another name of the same thing
        else:
            self._end_entry()
            self._begin(Section(anchor, entry=True))
        self._title = "dt"

    def _end_row(self) -> None:
        if self._open and self._open[-1].row:
            row = self._open.pop()
            if not _plain(row.title).endswith("?"):  # it stays a part of the text around it
                self.sections.remove(row)
                self._open[-1].text += [*row.title, " ", *row.text]

    def _end_entry(self) -> None:
        if self._open and self._open[-1].entry:
            self._open.pop()


def search_texts(pages: dict[str, tuple[str, str]]) -> str:
    """The script, from the title and the HTML of each page, by its address.

    It sets `SEARCH_TEXTS` to [[address, title, [[anchor, title, text], ...]], ...]; the anchor of a page's first
    section is empty, so that a link leads to the top. Cards have no title.
    """
    rows = [[url, title, [one.written() for one in PageTexts(html).sections]] for url, (title, html) in pages.items()]
    return f"window.SEARCH_TEXTS = {json.dumps(rows, ensure_ascii=False, separators=(',', ':'))};\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the script and take Sphinx's own search off the pages when the pages are written."""
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    out, pages = Path(app.outdir), {}
    for name in sorted(app.env.found_docs):
        url = app.builder.get_target_uri(name)
        if (path := out / url).is_file():
            pages[url] = (app.env.titles[name].astext(), path.read_text(encoding="utf-8"))
    script = search_texts(pages)
    if (size := len(script.encode())) > LIMIT:
        log.warning(f"the texts for the search have {size:,} bytes; at most {LIMIT:,} load quickly from disk")
    write_text(out / "_static" / "search-texts.js", script)
    tag = '<script src="_static/search-texts.js"></script>\n'
    for page in out.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        own = FIELD.sub(r"\1", OWN_SCRIPTS.sub("", html))
        if page == out / "search.html":
            own = UNUSED.sub("", own)
            own = own if tag in own else own.replace("</head>", f"{tag}</head>", 1)
        if own != html:
            write_text(page, own)


def _plain(pieces: list[str]) -> str:
    return " ".join(re.sub(r"\\[()]", "", "".join(pieces)).split())
