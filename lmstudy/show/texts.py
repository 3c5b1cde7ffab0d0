"""Code and samples on a page: excerpts of source, texts side by side, marked segments, visible white space.

Functions return Markdown for `IPython.display.Markdown`, or, where they say so, HTML for `IPython.display.HTML`.
"""

from __future__ import annotations

import ast
import html
import importlib
import inspect
import re
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

CUT = " …"


def shortened(text: str, longest: int = 320) -> str:
    """A text of at most so many characters, and a mark where it was cut."""
    return text if len(text) <= longest else text[:longest].rstrip() + CUT


def visible(text: str) -> str:
    """A token or a text as a reader can see it: "·" for a space, "↵" for a line break, "→" for a tab."""
    seen = text.translate({ord(" "): "·", ord("\n"): "↵", ord("\t"): "→"})
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in seen)


def parses(text: str) -> bool:
    """Whether a text is Python with something in it; it is parsed, never run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def fenced(text: str, language: str = "text") -> str:
    """A block of Markdown with a fence that the text does not hold."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def as_code(texts: Sequence[str], limit: int = 1200) -> str:
    """Texts as fenced blocks, cut at `limit` characters; highlighted where they are whole Python."""
    return "\n\n".join(
        fenced(text if len(text) <= limit else text[:limit] + "\n# ... (cut)", "python" if parses(text) else "text")
        for text in texts
    )


def annotated(
    lines: Sequence[str], below: Mapping[int, Sequence[str]], before: Sequence[str] = (), head: str = ""
) -> str:
    """Lines of code as a linter shows them, with notes below some.

    Args:
        lines: of code.
        below: notes by the number of their line, from 0, as "    ^ E225 missing whitespace".
        before: what stands left of each line, as its score; of one width.
        head: the heading of that column.
    """
    left = list(before) or [""] * len(lines)
    margin = max([len(head), *map(len, left)])
    gap = "  " if margin else ""
    shown = [head] if head else []
    for number, (line, mark) in enumerate(zip(lines, left, strict=True)):
        shown.append(f"{mark:>{margin}}{gap}" + line.rstrip("\n").expandtabs(1))
        shown += [" " * margin + gap + note for note in below.get(number, ())]
    return fenced("\n".join(shown))


def excerpt(module: str, name: str) -> str:
    """Source of a class or function of this package by its dotted name in a module, without docstrings, as a block."""
    found = attrgetter(name)(importlib.import_module(module))
    source = textwrap.dedent(inspect.getsource(found))
    lines: list[str | None] = [*source.splitlines()]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            lines[first - 1 : last] = [None] * (last - first + 1)
    left = [line for line in lines if line is not None]
    kept = [line for line, above in zip(left, ["class", *left], strict=False) if line or not above.startswith("class")]
    return f"`{module}`, `{name}`:\n\n" + fenced("\n".join(kept), "python")


@dataclass(frozen=True)
class Sample:
    """A text as it is shown in a cell.

    Args:
        text: the whole, or its segments.
        minded: of each segment, whether it is marked; of a whole text, nothing.
        gloss: the same in English, below.
        note: a line below, as "predicted rating +1.2".
    """

    text: str | Sequence[str]
    minded: Sequence[bool] = ()
    gloss: str = ""
    note: str = ""


MARK = "background: rgba(213, 94, 0, 0.18); color: inherit; border-bottom: 2px solid #D55E00; padding: 0"
TEXT = "white-space: pre-wrap; overflow-wrap: anywhere"
SMALL = "font-size: 0.8rem; opacity: 0.8"


def side_by_side(
    columns: Mapping[str, Sequence[Sample | str]], *, code: bool = False, longest: int = 360, caption: str = ""
) -> str:
    """Texts in columns, as HTML: a row for each place that all columns have.

    Args:
        columns: texts by what they are of; an empty one reads "(nothing)".
        code: a font of equal widths.
        longest: characters that are shown of a text; the segment in which they end is the last.
        caption: what is shown.
    """
    width = f"width: {100 // max(1, len(columns))}%; text-align: left; vertical-align: top"
    head = "".join(f'<th style="{width}">{html.escape(name, quote=False)}</th>' for name in columns)
    body = ""
    for row in zip(*columns.values(), strict=False):
        body += "<tr>" + "".join(f'<td style="{width}">{_cell(one, code, longest)}</td>' for one in row) + "</tr>"
    told = f"<caption>{html.escape(caption, quote=False)}</caption>" if caption else ""
    return (
        '<div style="overflow-x: auto"><table class="study-table samples" style="width: 100%; table-layout: fixed; '
        f'min-width: 36rem">{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(sample: Sample | str, code: bool, longest: int) -> str:
    """One text as HTML, with its marks, its gloss and its note."""
    own = sample if isinstance(sample, Sample) else Sample(sample)
    kind, font = ("code", "; font-family: monospace; font-size: 0.75rem") if code else ("prose", "")
    shown = f'<div class="{kind}" style="{TEXT}{font}">{_marked(own, longest) or "(nothing)"}</div>'
    if own.gloss:
        shown += f'<div class="gloss" style="{SMALL}"><em>{html.escape(own.gloss, quote=False)}</em></div>'
    if own.note:
        shown += f'<div class="note" style="{SMALL}">{html.escape(own.note, quote=False)}</div>'
    return shown


def _marked(sample: Sample, longest: int) -> str:
    if isinstance(sample.text, str):
        return html.escape(shortened(sample.text, longest), quote=False)
    parts, written = [], 0
    for segment, minded in zip(sample.text, sample.minded or [False] * len(sample.text), strict=True):
        shown = html.escape(segment, quote=False)
        text = shown.rstrip("\n")  # the end of a mark stands before the end of its line
        parts.append(f'<mark style="{MARK}">{text or " "}</mark>{shown[len(text) :]}' if minded else shown)
        written += len(segment)
        if written >= longest:
            parts.append(CUT.strip())
            break
    return "".join(parts)
