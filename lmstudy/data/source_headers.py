"""What Python modules say of themselves in their first lines: comments, docstring, `__author__` and the like."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import PositiveInt

from lmstudy.data.documents import Document, Reading, lines
from lmstudy.data.python_functions import decode_python, is_generated
from lmstudy.data.source_packages import PackageModules

VERSION = 1
"""Raised by a change that alters documents: corpora are then built again."""

_METADATA = re.compile(
    r"__(author|authors|maintainer|maintainers|contact|email|credits|copyright|license|licence|version|status|date|"
    r"docformat|revision|title|url)(_?_)$"
)
_TERMS = re.compile(
    r"""(?ix) [\s\#*\d.(]*+ (?: licensed\ (under|to)\ the | (dulwich|this\ software)\ is\ (dual-)?licensed
    | (you\ may|unless\ required|redistributions?\ |permission\ (is|to)\ |neither\ the\ name)
    | https?://www\.apache\.org/licenses/ | the\ above\ copyright | (this|the)\ software\ (is|consists)
    | you\ should\ have\ received )"""
)
"""How the terms of common licences begin, or a paragraph of them."""
_SKIPPED = {tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING}


class FileHeaders(PackageModules):
    """The source (see `lmstudy.data.documents.Source`) of the heads of modules in pinned packages.

    A document is the head of one module, its segments are lines. Heads of fewer than `shortest` lines are left
    out; of longer ones the first paragraphs are kept that fit into `longest` lines and `characters`, so that a
    small model sees a whole document. The terms of licences, which are the same in hundreds of files, are left
    out, but not who gave them. An sdist has more to read than a wheel: tests, examples and tools are signed as well.
    """

    files_per_part = 200
    shortest: PositiveInt = 1
    longest: PositiveInt = 16
    characters: PositiveInt = 700

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "rules": VERSION}

    def read_module(self, reading: Reading, content: bytes, package: str, path: str) -> None:
        try:
            text = decode_python(content)
        except ValueError:
            reading.skipped[package, "files that do not decode"] += 1
            return
        if is_generated(text):
            reading.skipped[package, "files: their header says that a program wrote them"] += 1
            return
        kept = _fitting(without_terms(head(text)), self.longest, self.characters)
        if len(kept) < self.shortest:
            reading.skipped[package, "files without a head, or with a shorter one than wanted"] += 1
        else:
            reading.documents.append(Document("".join(kept), tuple(kept), package, path, "head"))


def head(text: str) -> list[str]:
    """The lines, in order, of a module's docstring, of the comments before its first statement, and of metadata.

    Metadata are assignments to names such as `__author__` before the first statement that is neither one nor an
    import; imports between them are left out. Reading stops there, so that the rest may be of any version of
    Python. Empty lines are kept one at a time, none around the whole. Where even the head cannot be split into
    tokens it is what could be.
    """
    rows: set[int] = set()
    comments: set[int] = set()
    documented = started = False
    for statement in _statements(text):
        words = [token for token in statement if token.type not in _SKIPPED | {tokenize.COMMENT}]
        first = words[0].start[0] if words else len(text) + 1
        if not started:
            comments |= {token.start[0] for token in statement if token.type == tokenize.COMMENT}
            comments -= {row for row in comments if row >= first}
        if not words:
            continue
        if not started and not documented and len(words) == 1 and words[0].type == tokenize.STRING:
            documented = True
            rows |= set(range(first, words[0].end[0] + 1))
            continue
        if documented and not started:  # a comment right above code speaks about the code
            while first - 1 in comments:
                comments.remove(first := first - 1)
        started = True
        if len(words) > 2 and words[1].string == "=" and _METADATA.match(words[0].string):
            rows |= set(range(words[0].start[0], words[-1].end[0] + 1))
        elif words[0].string not in ("import", "from"):
            break
    return _spaced(lines(text), rows | comments)


def _statements(text: str) -> Iterator[list[tokenize.TokenInfo]]:
    """Tokens up to the end of each logical line, as far as the text can be split into tokens."""
    current: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            current.append(token)
            if token.type == tokenize.NEWLINE:
                yield current
                current = []
            elif token.type in (tokenize.INDENT, tokenize.DEDENT):  # the head has no indentation
                break
    except (tokenize.TokenError, SyntaxError):
        pass
    yield [token for token in current if token.type in _SKIPPED | {tokenize.COMMENT}]


def _spaced(all_lines: Sequence[str], rows: set[int]) -> list[str]:
    """Lines of these numbers (from 1), with an empty line where one or more, or something else, lay between."""
    kept: list[str] = []
    previous = 0
    for row in sorted(rows):
        line = all_lines[row - 1].rstrip() + "\n"
        if kept and line == "\n" == kept[-1]:
            continue
        if kept and row > previous + 1 and kept[-1] != "\n":
            kept.append("\n")
        kept.append(line)
        previous = row
    return kept


def without_terms(kept: Sequence[str]) -> list[str]:
    """A head without the terms of a licence: from the line where they begin to the end of its paragraph."""
    left: list[str] = []
    inside = False
    for line in kept:
        ends = _is_empty(line) or '"""' in line or "'''" in line
        inside = not ends and (inside or bool(_TERMS.match(line)))
        if not inside and not (_is_empty(line) and left and _is_empty(left[-1])):
            left.append(line)
    return left


def _fitting(kept: Sequence[str], longest: int, characters: int) -> list[str]:
    """The first paragraphs within both limits, or else the first lines, without empty ones at the end."""
    fits = 0
    while fits < min(longest, len(kept)) and (characters := characters - len(kept[fits])) >= 0:
        fits += 1
    if fits < len(kept):
        ends = [row for row in range(1, fits + 1) if _is_empty(kept[row])]
        fits = max(ends, default=fits)
    while fits and _is_empty(kept[fits - 1]):
        fits -= 1
    return list(kept[:fits])


def _is_empty(line: str) -> bool:
    return not line.strip(" \t#\n")
