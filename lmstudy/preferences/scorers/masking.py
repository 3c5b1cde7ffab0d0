"""What a book may show of texts with personal data in them: every trace of it covered, and rather too much."""

import re
from collections.abc import Iterable

from lmstudy.data.documents import lines
from lmstudy.preferences.rewriters.placeholders import WRITTEN
from lmstudy.preferences.scorers.personal_names import RUN, UPPER, census_names, faker_names

Span = tuple[int, int, str]
"""Start and end, in characters, and the kind of what is found, such as "EMAIL"."""

_ADDRESS = re.compile(
    r"[^\s<>()\[\]{},;:\"'`]+@[^\s<>()\[\]{},;\"'`]*|@[^\s<>()\[\]{},;\"'`]+"
    r"|[\w.+-]+\s*[\[({<]\s*at\s*[\])}>]\s*[\w-]+(?:\s*(?:\.|[\[({<]?\s*dot\s*[\])}>]?)\s*[\w-]+)*"
    r"|[\w.+-]+ at [\w-]+(?: ?(?:\.| dot ) ?[\w-]+)+",
    re.IGNORECASE,
)
_INITIALS = rf"(?:[{UPPER}]\.[ -]?)*[{UPPER}]\."
_CITED = re.compile(rf"[{UPPER}][\w'’-]+, {_INITIALS}|(?<![\w.]){_INITIALS}[ -]?[{UPPER}][\w'’-]{{2,}}")
"""Names as lists of references write them: "Turing, A. M." and "A. M. Turing"."""
_SIGNED = re.compile(
    r"(?i)authors?(?![a-z])|maintainers?(?![a-z])|copyright|\(c\)|©|contact|credits?(?![a-z])|contribut|e-?mail|thanks|"
    r"(?:created|written|developed|modified|revised|based on \w+) by\b|\$(?:Id|Author)"
)
"""Words behind which whoever made something is named."""
_GIVES = re.compile(
    r"(?i)(?:authors?|author_?email|maintainers?|contact|credits?|contributors?|e-?mail)(?:__)?\W{0,4}[:=]"
    r"|\$(?:Id|Author):"
)
"""... and nothing else is said."""
_CONTINUES = re.compile(r"\W*$|[\s#]*[*\-•]|[#\s]{4,}|[\s\"',#(\[]*[^\s@]*\W*$")
"""A line that may go on with the names of the line before: empty, a list item, indented, or a single word."""
_PHRASE = re.compile(r"[^\W\d_](?:[\w.'’-]*\w)?(?:[ ]+[^\W\d_](?:[\w.'’-]*\w)?)*")
_KEPT = {"all", "rights", "reserved", "copyright", "author", "authors", "maintainer", "contact", "email", "license"}


def mask(text: str, found: Iterable[Span] = ()) -> str:
    """The text with placeholders such as {{EMAIL}} of equal length for what was found and for what looks like it.

    Beside the findings of a detector, addresses of any spelling are covered, names by both lists, and whatever
    is said of authors and owners. What a rewriter has put in the place of an item, such as <EMAIL>, stays, so that it
    can be seen who covered what. A placeholder is longer than what it stands for only where that is shorter
    than its own braces and kind. Lines stay lines.
    """
    spans = list(found)
    spans += [(match.start(), match.end(), "EMAIL") for match in _ADDRESS.finditer(text)]
    spans += [(match.start(), match.end(), "NAME") for match in _CITED.finditer(text)]
    spans += [(start, end, "NAME") for names in (faker_names(), census_names()) for start, end in names.spans(text)]
    covered = merged(spans)
    written = [match.span() for match in WRITTEN.finditer(text)]
    for start, end, kind in reversed(merged([*covered, *_signed(text, covered)])):
        if any(first <= start and end <= last for first, last in written):
            continue
        pieces = text[start:end].split("\n")
        text = text[:start] + "\n".join(_placeholder(kind, piece) for piece in pieces) + text[end:]
    return text


def _placeholder(kind: str, covered: str) -> str:
    return "{{" + kind.ljust(len(covered) - 4, "_") + "}}" if covered else ""


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that overlap joined under the kind of the longest."""
    merged: list[Span] = []
    for start, end, kind in sorted(spans):
        if merged and start < merged[-1][1]:
            first, last, other = merged.pop()
            longest = kind if end - start > last - first else other
            merged.append((first, max(last, end), longest))
        elif end > start:
            merged.append((start, end, kind))
    return merged


def _signed(text: str, covered: list[Span]) -> list[Span]:
    """Capitalised words, or all where an author is given, of lines that speak of who made something."""
    spans: list[Span] = []
    signed, start = False, 0
    for line in lines(text):
        marker = _SIGNED.search(line)
        gives = _GIVES.search(line)
        if marker or (signed and _CONTINUES.match(line)):
            signed = True
            behind = gives.end() if gives else marker.end() if marker else 0
            words = _PHRASE if gives else RUN
            for match in words.finditer(line, behind):
                first, last = start + match.start(), start + match.end()
                address = any(begin < last and first < end and kind != "NAME" for begin, end, kind in covered)
                if not address and match[0].lower() not in _KEPT:
                    spans.append((first, last, "NAME"))
        elif any(start <= first < start + len(line) and kind == "EMAIL" for first, _, kind in covered):
            spans += [(start + run.start(), start + run.end(), "NAME") for run in RUN.finditer(line)]
        else:
            signed = False
        start += len(line)
    return spans
