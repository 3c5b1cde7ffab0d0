"""Code and samples on a page: excerpts of source, texts on cards, marked segments, visible white space.

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
    """A text as it is shown on a card.

    Args:
        text: the whole, or its segments.
        minded: of each segment, whether it is marked; of a whole text, nothing.
        gloss: the same in English, below.
        note: a few words beside its label, as "predicted rating +1.2".
    """

    text: str | Sequence[str]
    minded: Sequence[bool] = ()
    gloss: str = ""
    note: str = ""


MARK = "background: rgba(213, 94, 0, 0.18); color: inherit; border-bottom: 2px solid #D55E00; padding: 0"
TEXT = "white-space: pre-wrap; overflow-wrap: anywhere"


def cards(
    columns: Mapping[str, Sequence[Sample | str]], *, code: bool = False, longest: int = 360, caption: str = ""
) -> str:
    """Texts to be compared, as HTML: a card for each place that all have, and on it one text below the other.

    Args:
        columns: texts by what they are of, which is their label; an empty one reads "(nothing)".
        code: a font of equal widths.
        longest: characters that are shown of a text; the segment in which they end is the last.
        caption: what is shown; it is numbered with the tables.
    """
    told = f'<figcaption class="samples">{html.escape(caption, quote=False)}</figcaption>' if caption else ""
    shown = ""
    for row in zip(*columns.values(), strict=False):
        texts = "".join(_labelled(name, one, code, longest) for name, one in zip(columns, row, strict=True))
        shown += f'<dl class="sample-card">{texts}</dl>'
    return f'<figure class="samples">{told}{shown}</figure>'


def _labelled(label: str, sample: Sample | str, code: bool, longest: int) -> str:
    """One text as HTML, with its label and its note, its marks and its gloss."""
    own = sample if isinstance(sample, Sample) else Sample(sample)
    chip = f' <span class="sample-chip">{html.escape(own.note, quote=False)}</span>' if own.note else ""
    kind, font = ("code", "; font-family: monospace") if code else ("prose", "")
    shown = f'<div class="{kind}" style="{TEXT}{font}">{_marked(own, longest) or "(nothing)"}</div>'
    if own.gloss:
        shown += f'<div class="gloss"><em>{html.escape(own.gloss, quote=False)}</em></div>'
    return f"<div><dt>{html.escape(label, quote=False)}{chip}</dt><dd>{shown}</dd></div>"


def _marked(sample: Sample, longest: int) -> str:
    if isinstance(sample.text, str):
        return html.escape(shortened(sample.text, longest).strip("\n"), quote=False)
    parts, written = [], 0
    for segment, minded in zip(sample.text, sample.minded or [False] * len(sample.text), strict=True):
        shown = html.escape(segment, quote=False)
        text = shown.rstrip("\n")  # the end of a mark stands before the end of its line
        parts.append(f'<mark style="{MARK}">{text or " "}</mark>{shown[len(text) :]}' if minded else shown)
        written += len(segment)
        if written >= longest:
            parts.append(CUT.strip())
            break
    return "".join(parts).rstrip("\n")
