"""English that is left in the Chinese edition: several words in a row that a reader sees or hears, by page.

Code, formulas, references, titles of works (set in italics), quotations, what models, people and checkers wrote, the
English half of the glossary, and a term after its Chinese name, as in "循环神经网络（recurrent neural network）", are
English on purpose, and are not looked at.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

RUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[ \xa0,;:]+[A-Za-z][A-Za-z'’-]*){2,}")
NAMED = re.compile(r"（[A-Za-z][A-Za-z -]*(?=[，）])")
"""A term after its Chinese name."""
QUOTED = re.compile(r"“[^“”]*”")
RULE = re.compile(r"\b[EW]\d{3} .*")
"""What a checker of style says."""
LOWER = re.compile(r"(?<![A-Za-z'’-])(?!et\b|al\b)[a-z]{2,}(?![A-Za-z])")
"""A word in small letters; names have few."""
READ_OUT = ("alt", "aria-label", "placeholder", "title")
"""Attributes that a browser shows or a screen reader says."""
VOID = frozenset(("br", "col", "hr", "img", "input", "link", "meta", "path", "source", "wbr"))
INLINE = frozenset(("a", "b", "i", "span", "strong", "sub", "sup", "tspan"))
ELEMENTS = frozenset(("code", "em", "kbd", "math", "pre", "samp", "script", "style"))
AS_IT_IS = re.compile("white-space: ?pre-wrap")
"""The style of code and data."""
CLASSES = frozenset(
    ("bibtex-citation", "citation", "code", "gloss", "highlight", "math", "prose", "sample-text", "verbatim")
)


class Reader(HTMLParser):
    """Collects the texts of a page; what stands in one block is one text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.part = ""
        self.open: list[tuple[str, bool]] = []
        """Elements, outermost first, and whether each is left out."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = set(given.get("class", "").split())
        out = bool(self.open and self.open[-1][1]) or tag in ELEMENTS or bool(classes & CLASSES)
        out = out or bool(AS_IT_IS.search(given.get("style", "")))
        out = out or (tag == "dt" and any(name == "dl.glossary" for name, _ in self.open))
        if tag not in INLINE or out:
            self.end()
        if not out:
            self.texts += [given[name] for name in READ_OUT if name in given]
        if tag not in VOID:
            self.open.append(("dl.glossary" if tag == "dl" and "glossary" in classes else tag, out))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.end()
        while self.open and self.open.pop()[0].partition(".")[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1][1]):
            self.part += data

    def end(self) -> None:
        """A block begins or ends here."""
        self.texts.append(" ".join(self.part.split()))
        self.part = ""


def left(html: str) -> list[str]:
    """The runs of English words on a page, at least three of which two are no names, in its order."""
    reader = Reader()
    reader.feed(html)
    reader.end()
    told = (RULE.sub("", QUOTED.sub("", NAMED.sub("", text))) for text in reader.texts)
    return [run for text in told for run in RUN.findall(text) if len(LOWER.findall(run)) >= 2]


def left_by_page(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Every page of an edition but the index of the glossary's terms, by its path, with its runs of English words.

    Args:
        folder: of the built edition, as `book/_build/html/zh`.
    """
    for path in sorted(folder.rglob("*.html")):
        if path.name != "genindex.html":
            yield path.relative_to(folder).as_posix(), left(path.read_text(encoding="utf-8"))
