"""Pairs of texts that the docstrings of Python functions hold: what a function is about, and how it is done."""

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import PositiveInt

from lmstudy.data.documents import Document, Reading
from lmstudy.data.python_functions import parse_python
from lmstudy.data.source_packages import Part, PythonFunctions

if TYPE_CHECKING:
    from docstring_parser import Docstring

Pair = tuple[str, str]
VERSION = 2
"""Raised by a change of what the pairs of a docstring are."""


class Docstrings(PythonFunctions):
    """The source (see `lmstudy.data.documents.Source`) of pairs, each a document of two segments.

    `of` says which pairs:

    - summary: the long description of a docstring, and its first paragraph, which PEP 257 wants to be a summary;
    - parameter: a question for a parameter before the whole docstring, and what that says of it;
    - body: a function's beginning up to the end of its docstring, and the rest.

    Docstrings are parsed by `docstring_parser` in the style that fits (reST, Google, numpydoc, epydoc). Functions
    without such a pair, and pairs longer than `longest_source` and `longest_target` characters, are counted.
    """

    of: Literal["summary", "parameter", "body"]
    longest_source: PositiveInt = 600
    longest_target: PositiveInt = 160

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "pairs": VERSION}

    def read(self, part: Part) -> Reading:
        reading = super().read(part)
        functions, reading.documents = reading.documents, []
        for function in functions:
            try:
                found = list(self._pairs(function.text))
            except SyntaxError:  # its last line goes on behind its end
                reading.skipped[function.source, "functions that do not parse by themselves"] += 1
                continue
            if not found:
                reading.skipped[function.source, f"functions without a pair of {self.of}"] += 1
            for name, pair in found:
                if len(pair[0]) > self.longest_source or len(pair[1]) > self.longest_target:
                    reading.skipped[function.source, "pairs that are longer than wanted"] += 1
                    continue
                full = f"{function.name}{name}"
                reading.documents.append(Document("".join(pair), pair, function.source, function.path, full))
        return reading

    def _pairs(self, text: str) -> Iterator[tuple[str, Pair]]:
        """(what distinguishes it within the function, pair)."""
        node = parse_python(text).body[0]
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        docstring = ast.get_docstring(node)
        if not docstring:
            return
        if self.of == "body":
            yield from (("", pair) for pair in bodies(text, node))
        elif self.of == "summary":
            yield from (("", pair) for pair in summaries(docstring))
        else:
            yield from ((f":{name}", pair) for name, pair in parameters(docstring))


def summaries(docstring: str) -> list[Pair]:
    """The long description and the summary, if the docstring has both and the summary is the shorter one."""
    found = _parsed(docstring)
    long, short = found.long_description or "", found.short_description or ""
    if not found.blank_after_short_description:  # a summary of several lines, of which the parser knows the first
        more, _, long = long.partition("\n\n")
        short = f"{short} {more}"
    source, target = long.strip(), one_line(short)
    return [(source, target)] if target and len(source) > len(target) else []


def parameters(docstring: str) -> list[tuple[str, Pair]]:
    """Each parameter that is described, with the question for it and the answer."""
    found = _parsed(docstring).params
    described = {one.arg_name: one_line(one.description) for one in found if one.arg_name and one.description}
    return [(name, (question(name, docstring), answer)) for name, answer in described.items() if answer]


def _parsed(docstring: str) -> "Docstring":
    """Nothing at all where no style fits."""
    from docstring_parser import Docstring, ParseError, parse

    try:
        return parse(docstring)
    except ParseError:
        return Docstring()


def question(parameter: str, docstring: str) -> str:
    """What is asked of a docstring."""
    return f"What is {parameter}?\n{docstring.strip()}"


def bodies(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[Pair]:
    """Everything up to the end of the docstring, and the statements behind it, if there are any."""
    if len(node.body) < 2:
        return []
    end = node.body[0].end_lineno
    assert end is not None
    lines = text.splitlines(keepends=True)
    rest = "".join(lines[end:])
    return [("".join(lines[:end]), rest)] if rest.strip() else []


def one_line(text: str) -> str:
    """With single spaces."""
    return " ".join(text.split())
