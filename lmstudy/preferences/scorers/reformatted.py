"""Which characters of a piece of Python code a formatter changed, apart from how it wraps lines.

Both texts are cut into tokens, the tokens are aligned, and what differs is counted in characters of the source:
tokens that were edited, and the white space before a token whose left neighbour is the same too.
"""

import re
import tokenize
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

from lmstudy.data.documents import lines

WRAPPING = frozenset("(),")
"""Tokens that come and go as lines are wrapped."""
_WHITE = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_TRAILING = re.compile(r"[ \t\f]+(?=\n)")


class Word(NamedTuple):
    """A token and the white space before it."""

    text: str
    start: int
    """In characters from the beginning of the code."""
    gap: str
    kind: Literal["line", "wrap", "space"]
    """The gap lies between two statements, where an expression is wrapped, or within a line."""
    bracket: str
    """The innermost open one, if any."""
    row: int


def words(code: str) -> list[Word]:
    """The tokens of a code, comments among them; an empty one at the end has what follows the last as its gap.

    Raises:
        tokenize.TokenError, SyntaxError: it cannot be cut into tokens.
    """
    rows = lines(code)
    starts = [0, *accumulate(map(len, rows))]
    found: list[Word] = []
    brackets: list[str] = []
    end = 0
    for token in tokenize.generate_tokens(iter(rows).__next__):
        if token.type in _WHITE:
            continue
        start = starts[token.start[0] - 1] + token.start[1]
        gap = code[end:start]
        wrapped = bool(brackets) or "\\" in gap
        kind: Literal["line", "wrap", "space"] = "space" if "\n" not in gap else "wrap" if wrapped else "line"
        if token.type == tokenize.OP and token.string in ")]}" and brackets:
            brackets.pop()
        found.append(Word(token.string, start, gap, kind, brackets[-1] if brackets else "", token.start[0] - 1))
        if token.type == tokenize.OP and token.string in "([{":
            brackets.append(token.string)
        end = starts[token.end[0] - 1] + token.end[1]
    return [*found, Word("", len(code), code[end:], "line", "", max(len(rows) - 1, 0))]


def changes(source: Sequence[Word], formatted: Sequence[Word], crowded: Sequence[bool]) -> list[int]:
    """Position of each character of the source that was deleted or replaced, or has one inserted before it.

    Args:
        crowded: for each row of the source whether it is too long: only there it matters that an expression
            was wrapped, and it counts once a row.
    """
    found: list[int] = []
    rewrapped: dict[int, int] = {}
    before = (-2, -2)  # the pair of tokens that was aligned last; the gap before the first is the caller's
    texts, new_texts = [word.text for word in source], [word.text for word in formatted]
    for step in Levenshtein.opcodes(texts, new_texts):
        old, new = range(step.src_start, step.src_end), range(step.dest_start, step.dest_end)
        if step.tag == "delete":
            found += [at for i in old for at in _edits(texts[i], "", source[i].start)]
        elif step.tag == "insert":
            found += [at for j in new for at in _edits("", new_texts[j], source[step.src_start].start)]
        else:
            for i, j in zip(old, new, strict=True):
                found += _edits(texts[i], new_texts[j], source[i].start)
                if before == (i - 1, j - 1):
                    found += _spacing(source, i, formatted[j])
                    if source[i].kind == "space" and formatted[j].kind == "wrap" and crowded[source[i].row]:
                        rewrapped.setdefault(source[i].row, source[i].start)
                before = (i, j)
    return sorted([*found, *rewrapped.values()])


def _edits(old: str, new: str, start: int) -> list[int]:
    """Where a token was edited; what moves as lines are wrapped was not, nor a docstring's lines indented anew."""
    comments = old.startswith("#") and new.startswith("#")
    if old == new or (comments and old in new):  # two comments may be put together
        return []
    if not comments:
        old, new = ("" if text in WRAPPING or text.startswith("#") else text for text in (old, new))
    found = [edit.src_pos for edit in Levenshtein.editops(old, new)]
    return [start + at for at in found if not _indentation(old, at)]


def _indentation(text: str, at: int) -> bool:
    """Whether a position of a text is in the white space that a line after the first one begins with."""
    start = text.rfind("\n", 0, at) + 1
    rest = text[start:].split("\n", 1)[0]
    return start > 0 and at <= start + len(rest) - len(rest.lstrip()) < start + len(rest)


def _spacing(source: Sequence[Word], index: int, new: Word) -> list[int]:
    """Where the white space before a token was changed."""
    old = source[index]
    left = source[index - 1].text if index else ""
    start = old.start - len(old.gap)
    if "space" == old.kind == new.kind:
        exempt = "**" in (left, old.text) or (old.bracket == "[" and ":" in (left, old.text))
        return [] if exempt else [start + edit.src_pos for edit in Levenshtein.editops(old.gap, new.gap)]
    if old.kind == "space" and new.kind == "line":
        return [old.start]  # one statement a line
    if old.text and "line" == old.kind == new.kind:
        gaps = [gap[: gap.rfind("\n") + 1] for gap in (old.gap, new.gap)]
        return [start + edit.src_pos for edit in Levenshtein.editops(*gaps)]
    gap = old.gap if old.text else old.gap + "\n"
    return [start + at for found in _TRAILING.finditer(gap) for at in range(*found.span())]
