"""PEP 8 as a preference: violations that pycodestyle finds in Python code, in two families kept apart.

Most violations of a small model show that it cannot yet indent or close its brackets: competence. Only the
others are a matter of preference. So "style" is E2 (white space), E3 (blank lines), E5 (line length), E7
(statements) and W (tabs, trailing space, invalid escapes); "structure" is E1 (indentation) and E9 (does not
parse). E4 (imports) concerns the head of a file and is in neither.
"""

import ast
import re
import warnings
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any, Literal, NamedTuple

import pycodestyle

from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.rewriters.base import Rewriter
from lmstudy.preferences.rewriters.formatting import Formatting
from lmstudy.preferences.scorers.base import Scorer, per_character

STYLE = ("E2", "E3", "E5", "E7", "W")
STRUCTURE = ("E1", "E9")
FAMILIES = {"style": STYLE, "structure": STRUCTURE, "all": STYLE + STRUCTURE}

LEFT_OUT = {
    "E121": "PEP 8 leaves the depth of hanging indents open",
    "E123": "PEP 8 allows a closing bracket under the first character of the last line",
    "E126": "PEP 8 leaves the depth of hanging indents open",
    "W292": "a missing newline at the end concerns files, and documents are parts of files",
    "W391": "so do empty lines at the end",
    "W503": "contradicts W504: any break beside an operator would break one of the two",
    "W504": "contradicts W503",
}
"""Codes of a family that count for nothing, and why. E226 (no space around an arithmetic operator) does count
though pycodestyle's defaults leave it out: PEP 8 calls it a matter of taste, and taste is the subject here."""

_WAIVER = re.compile(r"# no(?:qa|pep8)\b", re.IGNORECASE)


class Violation(NamedTuple):
    """One finding of pycodestyle; line and column count from 1."""

    line: int
    column: int
    code: str
    message: str


class Pep8Scorer(Scorer):
    """s(segment) = violations reported in it / its characters (newline included); segments are lines of a function.

    Style rules for blank lines hold inside a document only: none are expected before its first line. Comments
    that silence a linter (`noqa`) are read as any other, or a model could buy a better score with them. Text
    that does not parse has exactly one E901, where the parser gave up; where it cannot even be split into
    tokens, such as behind a bracket that is never closed, other rules are not checked from there on, so the
    share of such texts belongs beside every mean of style scores.

    Python's own tokenizer does the reading: from version 3.12 on it also looks inside f-strings.

    Args:
        family: of rules that count, one of `FAMILIES`.
        max_line_length: characters that a line may have, its newline not counted.

    Raises:
        StudyError: no such family, or a line length below 1.
    """

    def __init__(self, family: Literal["style", "structure", "all"] = "style", max_line_length: int = 79) -> None:
        if family not in FAMILIES:
            raise StudyError(f"scorer.family={family!r} is not one of {', '.join(FAMILIES)}")
        if max_line_length < 1:
            raise StudyError(f"scorer.max_line_length={max_line_length} must be at least 1 character")
        self.family, self.max_line_length = family, max_line_length
        self.name = f"pep8-{family}"

    def score(self, segments: Sequence[str]) -> list[float]:
        text = "".join(segments)
        line_ends = [0, *accumulate(map(len, lines(text)))]
        return per_character(
            segments,
            (
                min(line_ends[found.line - 1] + found.column, line_ends[found.line]) - 1
                for found in self.violations(text)
            ),
        )

    def rewriter(self) -> Rewriter | None:
        """A formatter where style counts; of the structure family nothing repairs what does not parse."""
        return None if self.family == "structure" else Formatting(self.max_line_length)

    def violations(self, text: str) -> list[Violation]:
        """The family's violations in a document, in order of line and column."""
        if not text:
            return []
        count = len(lines(text))
        placed = {
            Violation(min(max(found.line, 1), count), max(found.column, 1), found.code, found.message)
            for found in _findings(text, self.max_line_length)
            if found.code.startswith(FAMILIES[self.family]) and found.code not in LEFT_OUT
        }
        return sorted(placed)


def _findings(text: str, max_line_length: int) -> list[Violation]:
    """All that pycodestyle reports, with one E901 at most and for whatever does not parse."""
    report = _Report(_options(max_line_length))
    silenced = _WAIVER.sub(lambda found: "# " + "x" * (len(found[0]) - 2), text)  # same length: columns stay
    checker = pycodestyle.Checker(lines=list(lines(silenced)), options=_options(max_line_length), report=report)
    try:
        checker.check_all()
    except (LookupError, ValueError, AssertionError) as error:  # a rule trips over brackets that do not match
        report.found.append(Violation(checker.line_number, 1, "E901", f"unreadable for pycodestyle: {error}"))
    broken = _syntax_error(text) or [found for found in report.found if found.code.startswith("E9")]
    return [found for found in report.found if not found.code.startswith("E9")] + broken[:1]


class _Report(pycodestyle.BaseReport):
    """Keeps findings instead of printing them."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.found: list[Violation] = []

    def error(self, line_number: int, offset: int, text: str, check: Any) -> None:
        self.found.append(Violation(line_number, offset + 1, text[:4], text[5:]))


@cache
def _options(max_line_length: int) -> Any:
    """Everything a user's own pycodestyle configuration could set is set here: scores depend on no machine."""
    return pycodestyle.StyleGuide(
        select=STYLE + STRUCTURE,
        ignore=(),
        max_line_length=max_line_length,
        max_doc_length=None,
        indent_size=4,
        hang_closing=False,
        verbose=0,
        quiet=1,
    ).options


def _syntax_error(text: str) -> list[Violation]:
    """What Python's parser says, since before 3.12 much that is no Python can still be split into tokens."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes are W605
        try:
            ast.parse(text)
        except SyntaxError as error:
            return [Violation(error.lineno or 1, error.offset or 1, "E901", f"SyntaxError: {error.msg}")]
        except (ValueError, RecursionError, MemoryError) as error:  # null bytes, lone surrogates, deep nesting
            return [Violation(1, 1, "E901", f"{type(error).__name__}: {error}")]
    return []
