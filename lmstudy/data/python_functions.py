"""Functions and methods of Python source text, found by parsing it; the text is never executed."""

import ast
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lmstudy.data.documents import lines, universal_newlines

_Function = ast.FunctionDef | ast.AsyncFunctionDef

_GENERATED = re.compile(
    r"(?i)\bauto[- ]?(matically )?generated\b|generated (automatically )?(by|from|with)\b.*|do not edit"
)
"""Marks that code generators leave; looked for in comments and docstrings at the top of a file."""


@dataclass
class Found:
    """(qualified name, text) of each function kept, and how many were left out, by reason."""

    functions: list[tuple[str, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def decode_python(content: bytes) -> str:
    """Source text by PEP 263 (a coding cookie, else UTF-8), without byte order mark, with "\\n" line ends.

    Raises:
        ValueError: (UnicodeDecodeError or SyntaxError's kin turned into one) it does not decode.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return universal_newlines(content.decode(encoding))
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def is_generated(text: str) -> bool:
    """Whether the first lines of a file say that a program wrote it."""
    head = [line for line in text.split("\n", 12)[:12] if line.startswith(("#", '"', "'"))]
    return bool(_GENERATED.search("\n".join(head)))


def find_functions(text: str, shortest: int, longest: int) -> Found:
    """Outermost functions and methods of `shortest` to `longest` lines, at no indentation, in file order.

    Decorators belong to a function: without `@staticmethod` its missing `self` would be an error, and they
    count as lines. Nested functions stay inside theirs. Exactly the indentation of the `def` is removed, and
    only from lines that have it, so that lines of a string that stand further left keep their place; a
    function that no longer parses after this is left out and counted.

    Raises:
        SyntaxError: the file does not parse (also for null bytes and too deep nesting).
    """
    tree = parse_python(text)
    all_lines = lines(text)
    found = Found()
    for name, node in _outermost(tree, ""):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        assert node.end_lineno is not None
        body = list(all_lines[first - 1 : node.end_lineno])
        if not shortest <= len(body) <= longest:
            found.skipped["functions shorter or longer than wanted"] += 1
            continue
        indent = re.match(r"[ \t\f]*", body[0])[0]  # type: ignore[index]  # always matches
        dedented = "".join(line.removeprefix(indent) for line in body)
        if not dedented.endswith("\n"):
            dedented += "\n"  # the last line of the file
        straight = all(line.startswith(indent) or not line.strip() for line in body)
        if not straight and not _is_function(dedented):  # a shift as a whole changes no grammar
            found.skipped["functions that do not parse outside their class"] += 1
        else:
            found.functions.append((name, dedented))
    return found


def parse_python(text: str) -> ast.Module:
    """The syntax tree of a module.

    Raises:
        SyntaxError: it does not parse (also for null bytes and too deep nesting).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in old code are its author's business
        try:
            return ast.parse(text)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error)) from error


def _outermost(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _outermost(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _outermost(child, prefix)


def _is_function(text: str) -> bool:
    try:
        body = parse_python(text).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], _Function)
