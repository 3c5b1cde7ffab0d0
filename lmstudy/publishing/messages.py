"""Messages: the texts of a page that are translated, as MyST source, and the page with other texts in their place.

A message is a paragraph, a heading, an item, a cell of a table, a caption, an option of a directive: on one line, with
its roles, formulas and links as they are written, so that a translated page works its numbers out as the page does.
"""

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils.nodes import make_id
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from lmstudy.errors import StudyError
from lmstudy.publishing.placeholders import TITLED, is_prose
from lmstudy.publishing.written_pages import MARKUP
from lmstudy.show.phrases import filled, masked

Say = Callable[[str, str], str]
"""From a message and its kind, such as "heading", to what stands in its place."""

EXTENSIONS = {"amsmath", "colon_fence", "deflist", "dollarmath", "linkify", "substitution", "attrs_inline"}
"""Of `parse` in `book/_config.yml`, which a test compares."""
DIRECTIVE = re.compile(r"\{([\w-]+)\} *(.*)")
OPTION = re.compile(r"(:([\w-]+):) *(.*)")
NESTED = frozenset(("answer", "note", "dropdown", "grid", "grid-item", "grid-item-card", "card-footer", "button-ref"))
"""Directives whose content is MyST."""
WITH_TITLE = frozenset(("grid-item-card", "dropdown"))
"""Those whose argument is a text."""
WORDS = {("answer", "title"): "title", ("answer", "unit"): "unit of the picture"}
"""Options that are a text."""
LISTS = ("claims-list", "predictions-list", "rewritten-table", "coverage-table", "verification-table")
AS_THEY_ARE = frozenset(("glue", "literalinclude", "bibliography", *LISTS))
"""Directives with no text of a page."""
BUTTON = "button"
"""The kind of messages that many pages have: they are in the catalogue of the contents."""
HAN = re.compile("[\u4e00-\u9fff]")
GLOSSARY = re.compile(r"^```\{glossary\}\n(.*?)^```", re.DOTALL | re.MULTILINE)
IN_FORMULA = re.compile(r"(\\text\{)([^{}$\\]*)(\})")
ATTRIBUTE = re.compile(r'\b((?:aria-label|title|alt|placeholder|data-name|data-task)=")([^"]+)(")')


def page(path: Path, source: str, say: Say) -> str:
    """The source of a page, Markdown or a notebook, with what `say` puts in the place of each message."""
    writer = Writer(path, say)
    if path.suffix != ".ipynb":
        return writer.text(source)
    notebook = json.loads(source)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = writer.text("".join(cell["source"]))
            continue
        shown = cell["metadata"].get("mystnb", {})
        for part, key, kind in (("figure", "caption", "caption"), ("image", "alt", "alternative text")):
            if key in shown.get(part, {}):
                shown[part][key] = writer.replaced(shown[part][key], kind)
        if "code_prompt_show" in shown:
            shown["code_prompt_show"] = writer.replaced(shown["code_prompt_show"], BUTTON)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


class Writer:
    """Writes MyST source again with other texts.

    Args:
        path: of the page, for messages of errors and what it includes.
        say: what stands in the place of a message.
    """

    def __init__(self, path: Path, say: Say) -> None:
        self.path, self.say = path, say
        self.parser = create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)

    def replaced(self, text: str, kind: str) -> str:
        """What stands in the place of a text; a text without words is no message."""
        flat = " ".join(text.split())
        return self.say(flat, kind) if is_prose(flat) else text

    def text(self, source: str) -> str:
        """MyST source with its messages replaced."""
        lines: list[str | None] = [*source.split("\n")]
        kind, row = "text", -1
        kinds = {"heading_open": "heading", "list_item_open": "item", "dt_open": "term", "paragraph_open": "text"}
        nesting: list[str] = []
        column = 0  # of a table's row, from which the next cell is looked for
        for token in self.parser.parse(source):
            if token.type in ("list_item_open", "list_item_close"):
                nesting.append("item") if token.nesting > 0 else nesting.pop()
            if token.type == "paragraph_open" and nesting:
                kind = "item"
            elif token.type in kinds:
                kind = kinds[token.type]
            elif token.type == "tr_open" and token.map:
                row, column = token.map[0], 0
            elif token.type in ("td_open", "th_open"):
                kind = "cell"
            elif token.type == "inline" and kind == "cell":
                column = self._cell(lines, row, column, token.content)
            elif token.type == "inline" and token.map:
                self._paragraph(lines, token.map, token.content, kind)
            elif token.type in ("fence", "colon_fence") and token.map:
                self._directive(lines, token)
            elif token.type == "html_block" and token.map:
                self._put(lines, token.map, self.html("\n".join(map(str, lines[slice(*token.map)]))))
            elif token.type in ("math_block", "math_block_label", "amsmath") and token.map:
                self._put(lines, token.map, self._formula("\n".join(map(str, lines[slice(*token.map)]))))
        return "\n".join(line for line in lines if line is not None)

    def _put(self, lines: list[str | None], place: Sequence[int], text: str) -> None:
        start, end = place
        lines[start:end] = [text, *[None] * (end - start - 1)]

    def _paragraph(self, lines: list[str | None], lies: Sequence[int], content: str, kind: str) -> None:
        start, end = lies[0], max(lies[1], lies[0] + 1)  # that of a term in a list of definitions is empty
        first = str(lines[start])
        place = first.find(content.split("\n")[0])
        if place < 0:
            raise StudyError(f"{self.path}: this text is not found in its own line: {content[:80]!r}")
        told = self.replaced(content, kind)
        if told != " ".join(content.split()) or end == start + 1:
            tail = first[place + len(content) :] if end == start + 1 and kind == "heading" else ""
            self._put(lines, (start, end), first[:place] + told + tail)

    def _cell(self, lines: list[str | None], row: int, column: int, content: str) -> int:
        line, written = str(lines[row]), content.replace("|", "\\|")
        place = line.find(written, column)
        if place < 0:
            raise StudyError(f"{self.path}: this cell is not found in its row: {content[:80]!r}")
        told = self.replaced(content, "cell").replace("|", "\\|")
        lines[row] = line[:place] + told + line[place + len(written) :]
        return place + len(told)

    def _formula(self, source: str) -> str:
        return IN_FORMULA.sub(
            lambda m: f"{m[1]}{padded(m[2], self.replaced(m[2].strip(), 'words in a formula'))}{m[3]}", source
        )

    def html(self, source: str) -> str:
        """HTML with its texts and the attributes that are read to people replaced."""
        parts, unread = MARKUP.split(source), False
        for place, part in enumerate(parts):
            if place % 2:
                unread = part.startswith(("<script", "<style")) or (unread and not part.startswith("</"))
                parts[place] = ATTRIBUTE.sub(lambda m: m[1] + self.replaced(m[2], "text") + m[3], part)
            elif part.strip() and not unread:
                parts[place] = padded(part, self.replaced(part.strip(), "text"))
        return "".join(parts)

    def _directive(self, lines: list[str | None], token: Token) -> None:
        start, end = token.map or (0, 0)
        found = DIRECTIVE.fullmatch(token.info.strip())
        if found is None:
            return
        name, argument = found[1], found[2]
        if name not in NESTED | AS_THEY_ARE | {"glossary", "raw", "include"}:
            raise StudyError(f"{self.path}: messages.py does not know which texts the directive {{{name}}} has")
        head = str(lines[start])
        indent = head[: head.index(token.markup)] if token.markup in head else ""
        if not indent.isspace():
            indent = " " * len(indent)  # such as of an item that begins with a directive
        if name in WITH_TITLE and argument:
            lines[start] = head.replace(argument, self.replaced(argument, "title"))
        body = [str(line).removeprefix(indent) for line in lines[start + 1 : end - 1]]
        of_file = [line.removeprefix(":file:").strip() for line in body if line.startswith(":file:")]
        if name == "include":
            self._put(lines, (start, end), self._included(argument))
        elif name == "raw" and argument == "html" and of_file:
            drawn = (self.path.parent / of_file[0]).read_text(encoding="utf-8").rstrip()
            if (redrawn := self.html(drawn)) != drawn:
                self._put(lines, (start + 1, end - 1), redrawn)
        elif body and name not in AS_THEY_ARE:
            told = self._content(name, argument, body).split("\n")
            self._put(lines, (start + 1, end - 1), "\n".join(indent + line if line else line for line in told))

    def _content(self, name: str, argument: str, body: list[str]) -> str:
        count = next((n for n, line in enumerate(body) if not OPTION.fullmatch(line)), len(body))
        options = [self._option(name, line) for line in body[:count]]
        rest = "\n".join(body[count:])
        if name == "glossary":
            rest = self._glossary(rest)
        elif name == "raw":
            rest = self.html(rest) if argument == "html" else rest
        else:
            rest = self.text(rest)
        return "\n".join([*options, rest] if rest or count < len(body) else options)

    def _option(self, name: str, line: str) -> str:
        found = OPTION.fullmatch(line)
        assert found is not None
        key, value = found[2], found[3]
        if (name, key) in WORDS:
            value = self.replaced(value, WORDS[name, key])
        elif name == "answer" and key == "show":
            pairs = [[part.strip() for part in pair.split("=")] for pair in value.split(";")]
            value = "; ".join(f"{self.replaced(label, 'label in the picture')} = {claim}" for label, claim in pairs)
        elif name == "answer" and key == "null" and "=" in value:
            number, _, words = value.partition("=")
            value = f"{number.strip()} = {self.replaced(words.strip(), 'label in the picture')}"
        return f"{found[1]} {value}".rstrip()

    def _glossary(self, content: str) -> str:
        """Entries with their definitions replaced; of their terms, which are not messages, the Chinese ones first if
        definitions are."""
        entries = []
        for entry in content.strip("\n").split("\n\n"):
            terms = [line for line in entry.split("\n") if not line.startswith(" ")]
            own = " ".join(line.strip() for line in entry.split("\n") if line.startswith(" "))
            told = self.replaced(own, "definition")
            if HAN.search(told.replace(own, "")):
                terms.sort(key=lambda term: not HAN.search(term))
            entries.append("\n".join([*terms, f"  {told}"]))
        return "\n\n".join(entries)

    def _included(self, argument: str) -> str:
        """A file that programs write, in its directive's place: a message a paragraph, with its numbers masked."""
        told = []
        for paragraph in (self.path.parent / argument).read_text(encoding="utf-8").strip().split("\n"):
            mask, numbers = masked(paragraph)
            told.append(filled(self.replaced(mask, "text with numbers"), numbers))
        return "\n".join(told)


def padded(before: str, told: str) -> str:
    """A text with the white space around it that there was."""
    left, right = before[: len(before) - len(before.lstrip())], before[len(before.rstrip()) :]
    return left + told + right


def headings(path: Path, source: str) -> list[str]:
    """The ids that Sphinx makes of the headings of a page, in its order."""
    writer, found = Writer(path, lambda text, kind: text), []
    cells = [source]
    if path.suffix == ".ipynb":
        cells = ["".join(cell["source"]) for cell in json.loads(source)["cells"] if cell["cell_type"] == "markdown"]
    for cell in cells:
        tokens = writer.parser.parse(cell)
        found += [token for before, token in pairwise(tokens) if before.type == "heading_open"]
    return [make_id("".join(_plain(child) for child in token.children or [])) for token in found]


def _plain(token: Token) -> str:
    if token.type == "myst_role":
        titled = TITLED.fullmatch(token.content)
        return titled[1] if titled else token.content
    return token.content if token.type in ("text", "code_inline", "math_inline") else " " * (token.type == "softbreak")


def gathered(path: Path, source: str) -> dict[str, list[str]]:
    """The messages of a page in the order of the page, with their kinds."""
    found: dict[str, list[str]] = {}

    def say(text: str, kind: str) -> str:
        kinds = found.setdefault(text, [])
        if kind not in kinds:
            kinds.append(kind)
        return text

    page(path, source, say)
    return found


def contents(configuration: dict[str, Any], toc: dict[str, Any]) -> dict[str, list[str]]:
    """Messages of the book as a whole: its title, the captions of its parts, the buttons of its cells."""
    options = configuration["sphinx"]["config"]
    buttons = {options[key]: [BUTTON] for key in ("nb_code_prompt_show", "nb_code_prompt_hide")}
    parts = {part["caption"]: ["part of the book"] for part in toc["parts"]}
    return {configuration["title"]: ["title of the book"], configuration["author"]: ["authors"], **parts, **buttons}


def term_names(glossary: str) -> dict[str, str]:
    """Of each entry of the glossary's source the English name, by its other names."""
    found: dict[str, str] = {}
    for content in GLOSSARY.findall(glossary):
        for entry in content.split("\n\n"):
            first, *others = [line for line in entry.strip("\n").split("\n") if not line.startswith(" ")]
            found |= dict.fromkeys(others, first)
    return found
