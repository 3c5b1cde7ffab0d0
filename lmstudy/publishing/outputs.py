"""Texts that code made for pages, in the outputs of executed notebooks: tables, figures, Markdown, glued numbers.

Every label, heading, cell and verdict is in the outputs, as text, in figures, too: they are SVG whose text is text. So
another edition of the book needs no other run of its notebooks: it has the same numbers, and words of its own.
"""

import ast
import re
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path
from typing import Any

from lmstudy.publishing.glyphs import with_font
from lmstudy.publishing.messages import ATTRIBUTE, Writer, padded
from lmstudy.publishing.written_pages import in_texts
from lmstudy.show.phrases import masked

Tell = Callable[[str], str]
"""From a text to what stands in its place."""

RECORD = "application/papermill.record/"
UNTOLD = re.compile(r"""\bclass\s*=\s*["'](?:code|prose|gloss|sample-text|[^"']*\bverbatim)\b""")
"""Of elements whose texts are data: what people and models wrote."""
GROUP = re.compile(r"(<g id=\"text_\d+\">)(.*?)(</g>)", re.DOTALL)
DRAWN = re.compile(r"(<text\b[^>]*>)(.*?)(</text>)", re.DOTALL)
MONOSPACE = re.compile(r"""style="[^"]*\bmonospace\b""")
"""Of the texts of a figure that are data, as tokens are."""
COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
WORD = re.compile(r"[A-Za-z]{2}")
INLINE = re.compile(r"(<svg\b[^>]*>)(.*?)(</svg>)", re.DOTALL)
LABEL = re.compile(r"(<(text|title|desc)\b[^>]*>)([^<]+)(</\2>)")
"""Of a drawing that stands in HTML, in the fonts of the page."""
CODE = re.compile(
    r"[\w.]+(?:::[\w.]+)+|[^ ]*[·_=`/\\{}\[\]@↵→#|<>][^ ]*"  # a token, a setting, a path
    r"|[A-Z]\d{2,3}"  # a rule of style
    r"|[\w.-]+==?[\w.]+|(?:https?://)[^ ]*|lmstudy-[a-z-]+.*"
)
"""Texts that are no words of a language."""


def is_words(text: str) -> bool:
    """Whether a text is to be translated: it has letters, is no code, and more than a number with its interval."""
    return bool(WORD.search(masked(text)[0])) and not CODE.fullmatch(text)


def retold(notebook: dict[str, Any], tell: Tell) -> None:
    """Put what `tell` says in the place of every text that the outputs of a notebook show."""
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        unseen = "remove-cell" in cell["metadata"].get("tags", [])  # but for what sentences show by its name
        for output in cell["outputs"]:
            data = output.get("data", {})
            for kind, change in CHANGES.items():
                if kind in data and not (unseen and not kind.startswith(RECORD)):
                    data[kind] = change("".join(data[kind]), tell)


def gathered(notebook: dict[str, Any]) -> dict[str, None]:
    """The texts of the outputs of a notebook, numbers masked, in their order."""
    found: dict[str, None] = {}

    def tell(text: str) -> str:
        found.setdefault(masked(text)[0])
        return text

    retold(notebook, tell)
    return found


def html(source: str, tell: Tell) -> str:
    """HTML with its texts and spoken attributes told."""

    def text(part: str) -> str:
        plain = unescape(part).replace("\N{NO-BREAK SPACE}", " ")
        bare = " ".join(plain.split())
        if not is_words(bare) or (told := tell(bare)) == bare:
            return part
        return padded(part, escape(told, quote=False))

    def attribute(m: re.Match[str]) -> str:
        bare = " ".join(unescape(m[2]).split())
        return m[1] + (escape(tell(bare)) if is_words(bare) else m[2]) + m[3]

    def drawing(m: re.Match[str]) -> str:
        return m[1] + LABEL.sub(lambda label: label[1] + text(label[3]) + label[4], m[2]) + m[3]

    return in_texts(ATTRIBUTE.sub(attribute, INLINE.sub(drawing, source)), text, UNTOLD)


def figure(source: str, tell: Tell) -> str:
    """A figure with its texts told, but those in a font for code; one of several lines has as many again."""

    def group(m: re.Match[str]) -> str:
        parts = DRAWN.findall(m[2])
        lines = [unescape(COMMENT.sub("", part[1])).strip() for part in parts]
        bare = " ".join(lines)
        code = MONOSPACE.search(m[2])
        if not parts or code or "<tspan" in m[2] or not is_words(bare) or (told := tell(bare)) == bare:
            return m[0]
        new = iter(in_lines(told, len(lines)))
        return m[1] + DRAWN.sub(lambda t: f"{t[1]}{escape(next(new), quote=False)}{t[3]}", m[2]) + m[3]

    return with_font(GROUP.sub(group, source))


def in_lines(text: str, count: int) -> list[str]:
    """A text in so many lines of about one length, broken at spaces, after commas, or between Chinese characters."""
    if count == 1:
        return [text]
    places = [m.end() for m in re.finditer(r" |(?<=[，；、])|(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])", text)]
    cuts = [0]
    for number in range(1, count):
        free = [place for place in places if place > cuts[-1]] or [len(text)]
        even = len(text) * number / count
        cuts.append(min(free, key=lambda place: abs(place - even) + 2 * (text[place - 1] not in " ，；、")))
    return [text[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def markdown(source: str, tell: Tell) -> str:
    """Markdown with its paragraphs, items and cells told; blocks of code stay."""
    return Writer(Path("an output"), lambda text, kind: tell(text)).text(source)


def glued(source: str, tell: Tell) -> str:
    """A value that sentences show by its name, written as Python writes it."""
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return source
    return repr(tell(value)) if isinstance(value, str) and WORD.search(value) else source


CHANGES: dict[str, Callable[[str, Tell], str]] = {
    "text/html": html,
    f"{RECORD}text/html": html,
    "image/svg+xml": figure,
    "text/markdown": markdown,
    f"{RECORD}text/plain": glued,
}
