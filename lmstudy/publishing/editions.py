"""The sources of an edition in another language: the book's own, with the translations of the catalogues.

Pages and executed notebooks are translated before Sphinx reads them, so that roles, directives and what notebooks show
work as in the English edition. Nothing is run again.
"""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.publishing import catalogues, outputs, scripts
from lmstudy.publishing.messages import headings, page, term_names
from lmstudy.show.phrases import CATALOGUES, filled, masked
from lmstudy.show.texts import shortened

UNTRANSLATED = "〔未译〕"
"""Stands before the English sentence where a draft has no other."""
DRAFT = "LMSTUDY_DRAFT"
"""The variable of the environment that says that English sentences may be left."""
ANCHORS = "anchors.json"
"""The file beside the sources that holds the ids of the English sections, by page."""
LINKED = ("records", "register", "models")


@dataclass
class Translator:
    """Says the messages of a book in another language, and keeps those that it cannot say.

    Args:
        root: of the checkout.
    """

    root: Path
    missing: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """By catalogue, in their order."""

    def __post_init__(self) -> None:
        self.known: dict[str, dict[str, str]] = {}
        self.terms = term_names((self.root / "book" / "glossary.md").read_text(encoding="utf-8"))
        self.faults: list[str] = []
        self.untold: dict[str, None] = {}  # what outputs show, masked, and the catalogue of code has not

    def catalogue(self, name: str) -> dict[str, str]:
        """What a catalogue says, without what is fuzzy; its faults are noted."""
        if name not in self.known:
            read = catalogues.messages_of(catalogues.read(catalogues.folder(self.root) / f"{name}.po"))
            for message in read.values():
                self.faults += [f"{name}: {fault}" for fault in catalogues.faults_of(message, self.terms)]
            self.known[name] = {text: str(one.string) for text, one in read.items() if one.string and not one.fuzzy}
        return self.known[name]

    def say(self, name: str) -> Callable[[str, str], str]:
        """For the messages of a page."""
        own, whole = self.catalogue(name), self.catalogue("contents")

        def told(text: str, kind: str = "") -> str:
            if text in own or text in whole:
                return own.get(text) or whole[text]
            self.missing[name].setdefault(text)
            return UNTRANSLATED + text

        return told

    def tell(self, text: str) -> str:
        """For what code made: looked up whole, and then with its numbers masked.

        What is not known stays English and is no fault: outputs can differ from machine to machine, as the names in a
        profile do, and from budget to budget.
        """
        own = self.catalogue("code")
        if text in own:
            return own[text]
        mask, numbers = masked(text)
        if mask not in own:
            self.untold.setdefault(mask)
            return text
        return filled(own[mask], numbers)

    def problems(self) -> Iterator[str]:
        """A line a catalogue with messages that are missing or fuzzy, and one a fault."""
        for name, texts in self.missing.items():
            if texts:
                more = f", and {len(texts) - 1} more" if len(texts) > 1 else ""
                yield f"{name}: no translation of {shortened(next(iter(texts)), 100)!r}{more}"
        yield from self.faults


def write_sources(root: Path, *, draft: bool = False) -> Path:
    """Write the sources of the Chinese edition, from executed notebooks; the folder in the place of `book`.

    Args:
        root: of the checkout, whose `book/notebooks` has the executed notebooks.
        draft: say in English, and mark, what is missing.

    Raises:
        StudyError: messages that are missing or fuzzy, by page, or that lose a claim, a link or a term.
    """
    book, target = root / "book", root / "book" / "_build" / "zh" / "book"
    translator = Translator(root)
    written: dict[str, str] = {}
    anchors: dict[str, list[str]] = {}
    for name, source in catalogues.pages(root).items():
        executed = book / f"{name}.ipynb" if source.suffix == ".ipynb" else source
        if not executed.exists():
            raise StudyError(f"{executed}: the notebook is to be run before it is translated; lmstudy-book runs it")
        text = executed.read_text(encoding="utf-8")
        anchors[name] = headings(executed, text)
        if source.suffix == ".ipynb":
            notebook = json.loads(text)
            outputs.retold(notebook, translator.tell)
            text = json.dumps(notebook, ensure_ascii=False, indent=1)
        written[f"{name}{source.suffix}"] = page(source, text, translator.say(name))
    say = translator.say("contents")
    written["_config.yml"] = _configuration(book / "_config.yml", say)
    written["_toc.yml"] = _contents(book / "_toc.yml", say)
    translator.catalogue("sentences")
    said = translator.say("scripts")
    spoken = {
        one: scripts.retold(one.read_text(encoding="utf-8"), lambda text: said(text, ""))
        for one in scripts.scripts(book / "_static")
    }
    problems = list(translator.faults if draft else translator.problems())
    if problems:
        raise StudyError("the Chinese edition is not complete (--draft builds it):\n  " + "\n  ".join(problems))

    if translator.untold:
        first = shortened(next(iter(translator.untold)), 60)
        print(f"  texts that notebooks show and no catalogue has: {len(translator.untold)}, such as {first!r}")

    shutil.rmtree(target.parent, ignore_errors=True)
    target.mkdir(parents=True)
    for path in book.iterdir():
        if path.name in LINKED:
            (target / path.name).symlink_to(path.resolve())
        elif path.is_file() and path.suffix != ".md":
            shutil.copyfile(path, target / path.name)
    shutil.copytree(book / "_static", target / "_static")
    for path in spoken:
        write_text(target / path.relative_to(book), spoken[path])
    for path in root.glob("*.md"):
        shutil.copyfile(path, target.parent / path.name)  # pages show parts of them
    for name, text in {**written, ANCHORS: json.dumps(anchors)}.items():
        (target / name).parent.mkdir(exist_ok=True)
        write_text(target / name, text)
    return target


def _configuration(path: Path, say: Callable[[str, str], str]) -> str:
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    options = told["sphinx"]["config"]
    for part, keys in ((told, ("title", "author")), (options, ("nb_code_prompt_show", "nb_code_prompt_hide"))):
        part |= {key: say(part[key], "") for key in keys if key in part}
    options["language"] = catalogues.LANGUAGE
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False)


def _contents(path: Path, say: Callable[[str, str], str]) -> str:
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for part in told.get("parts", []):
        part["caption"] = say(part["caption"], "")
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False)


def environment(root: Path, *, draft: bool = False) -> dict[str, str]:
    """Variables by which the code that Sphinx runs speaks Chinese."""
    there = [catalogues.folder(root) / f"{name}.po" for name in ("code", "sentences")]
    found = {CATALOGUES: os.pathsep.join(str(path) for path in there if path.exists())}
    return {**found, DRAFT: "1"} if draft else found
