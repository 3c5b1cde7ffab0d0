"""Style by a formatter: what black would change in Python code, as a grader that no training is steered by.

A scorer that steers training can be pleased without its purpose being served, so a second one, with other rules
from another source, has to agree. Pycodestyle looks for violations; black (https://black.readthedocs.io) writes
code anew in one form, and knows none of pycodestyle's rules. Of its changes those count that concern what PEP 8
speaks of: white space inside lines and at their ends, blank lines, several statements in a line, semicolons,
comments, docstrings, lines that are too long. What counts for nothing:

- where expressions are wrapped, with the parentheses and commas that serve it: PEP 8 leaves it open, and it is
  by far the most of what black changes in human code;
- space around "**" and beside the colon of a slice: open too, and black contradicts pycodestyle there;
- indentation: competence rather than style (the structure family of `lmstudy.preferences.scorers.pep8`).

Black has no opinion on names, comparisons or long strings (E7 and much of E501).
"""

import ast
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.base import Scorer, per_character
from lmstudy.preferences.scorers.reformatted import changes, words

HEADER = "if 1:\n"
"""Goes before lines from inside a block whose beginning is not among them, so that they parse as they are."""
HEADER_WORDS = 3
SHORTEST_LINE = 20
"""Characters that black may always use, however deep the code stands."""


class FormatterScorer(Scorer):
    """s(segment) = characters of it that black would insert, delete or replace / its characters.

    Only what parses can be formatted, and a model may write what does not. Such text is graded in runs of whole
    lines, each as long as it parses when it is put into a block of its own. A line where no such run begins has
    no grade: it scores 0, and `judged` tells, so the share of characters that were judged belongs beside every
    mean.

    Args:
        max_line_length: characters that a line may have, its newline not counted.

    Raises:
        StudyError: a line length below 1.
    """

    name = "style-held-out"

    def __init__(self, max_line_length: int = 79) -> None:
        if max_line_length < 1:
            raise StudyError(f"scorer.max_line_length={max_line_length} must be at least 1 character")
        self.max_line_length = max_line_length

    def score(self, segments: Sequence[str]) -> list[float]:
        return per_character(segments, self.changes("".join(segments)))

    def changes(self, text: str) -> list[int]:
        """Positions of the characters that would be deleted or replaced, or have one inserted before them."""
        found = [position for _, _, changes in self._runs(text) for position in changes]
        return sorted(min(position, len(text) - 1) for position in found)

    def judged(self, segments: Sequence[str]) -> list[bool]:
        """For each segment whether the formatter could read all of it."""
        known = bytearray(sum(map(len, segments)))
        for start, stop, _ in self._runs("".join(segments)):
            known[start:stop] = b"\1" * (stop - start)
        ends = accumulate(map(len, segments))
        return [all(known[end - len(segment) : end]) for end, segment in zip(ends, segments, strict=True)]

    def _runs(self, text: str) -> Iterator[tuple[int, int, list[int]]]:
        """Start, end and changes of each run of lines that black can read."""
        rows = lines(text)
        starts = [0, *accumulate(map(len, rows))]
        first = 0
        while first < len(rows):
            last = _parsable(rows, first)
            changes = _changed(rows[first:last], self.max_line_length) if last > first else None
            if changes is not None:
                yield starts[first], starts[last], [starts[first] + position for position in changes]
            first = max(last, first + 1)


def _parsable(rows: Sequence[str], first: int) -> int:
    """The end of the longest run of lines from `first` that Python's parser can read; `first` if there is none."""
    last = len(rows)
    while last > first:
        source, margin = _block(rows[first:last])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ast.parse(source)
            except SyntaxError as error:
                # Where the parser stops, the lines before may be well; what it says of the end is no news.
                last = min(last - 1, first + max((error.lineno or 1) - 1 - bool(margin), 0))
            except (ValueError, RecursionError, MemoryError):  # null bytes, lone surrogates, deep nesting
                last = first + (last - first) // 2
            else:
                return last
    return first


def _block(rows: Sequence[str]) -> tuple[str, int]:
    """A text that parses if the lines do as part of a program, and the indentation at which they begin.

    Indented lines get a header to stand under, a block that the last line opens gets a statement.
    """
    full = [row for row in rows if row.strip()]
    if not full:
        return "".join(rows), 0
    margin, last = (len(row) - len(row.lstrip()) for row in (full[0], full[-1]))
    opens = full[-1].split("#")[0].rstrip().endswith(":")
    end = "" if rows[-1].endswith("\n") else "\n"
    stub = f"{end}{full[-1][:last]} pass\n" if opens else ""
    return (HEADER if margin else "") + "".join(rows) + stub, margin


def _changed(rows: Sequence[str], limit: int) -> list[int] | None:
    """Positions in the lines that black would change; None where it cannot read what Python's parser can."""
    import black

    source, margin = _block(rows)
    room = max(limit - margin + 4, SHORTEST_LINE) if margin else limit  # black indents a header's block by 4
    try:
        formatted = black.format_str(source, mode=_mode(room))
        if formatted == source:
            return []
        before, after = words(source), words(formatted)
    except Exception:  # any text may come; what a formatter stumbles over, it has no opinion on
        return None
    start, shift = (HEADER_WORDS, len(HEADER)) if margin else (0, 0)
    crowded = [len(row.rstrip("\n")) > limit for row in lines(source)]
    return [position - shift for position in changes(before[start:], after[start:], crowded)]


@cache
def _mode(line_length: int) -> Any:
    """Black without what is its own taste: quotes, and commas that keep brackets open."""
    from black import Mode, TargetVersion

    return Mode(
        target_versions={TargetVersion.PY311},
        line_length=line_length,
        string_normalization=False,
        magic_trailing_comma=False,
    )
