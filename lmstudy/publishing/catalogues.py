"""Catalogues of translations, gettext's `.po` files: one a page, in `book/locale/zh_CN/LC_MESSAGES`.

They hold no places in files and no dates, and every message stands on one line, in the order of its page: what a
commit changes is what was said.
"""

import difflib
import io
import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import PoFileError, read_po, write_po

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.publishing import outputs, scripts
from lmstudy.publishing.messages import BUTTON, contents, gathered, term_names
from lmstudy.publishing.order import contents as in_order
from lmstudy.publishing.placeholders import faults
from lmstudy.show.claims import phrases
from lmstudy.show.phrases import masked
from lmstudy.show.texts import shortened
from lmstudy.study.claims import all_claims

LANGUAGE = "zh_CN"
CODE, PAGES, PACKAGE = "code", "pages", "package"
"""The catalogue of what code says, and where it says it that is no chapter: when pages are built, by functions."""
MET = "untranslated.json"
"""The file, beside the sources of an edition, of what pages were to say and could not."""
HEAD = f"""\
msgid ""
msgstr ""
"Language: {LANGUAGE}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
ALIKE = 0.6
"""From which a message that is new is taken for one that is gone, reworded: its translation is kept as fuzzy."""
WAS = "was: "
"""Begins the comment that says of what message a fuzzy translation was."""
Messages = Mapping[str, Sequence[str]]
"""Kinds, shown as comments, by message."""


def folder(root: Path) -> Path:
    """Where the catalogues of the checkout `root` are."""
    return root / "book" / "locale" / LANGUAGE / "LC_MESSAGES"


def read(path: Path) -> Catalog:
    """A catalogue; an empty one where there is no file.

    Raises:
        StudyError: the file is no catalogue.
    """
    if not path.exists():
        return Catalog(locale=LANGUAGE)
    try:
        return read_po(io.StringIO(path.read_text(encoding="utf-8")), locale=LANGUAGE, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise StudyError(f"{path}: {error}") from None


def messages_of(catalogue: Catalog) -> dict[str, Message]:
    """Its messages by their English, without the head."""
    return {str(message.id): message for message in catalogue if message.id}


def updated(known: Catalog, wanted: Messages) -> Catalog:
    """A catalogue of the messages that are wanted, with the translations that are known.

    A message that is new and much like one that is gone takes its translation over as fuzzy, with what it was of.
    """
    before, new = messages_of(known), Catalog(locale=LANGUAGE)
    gone = [text for text, message in before.items() if text not in wanted and message.string]
    for text, kinds in wanted.items():
        old, was = before.get(text), ""
        if old is None and (like := difflib.get_close_matches(text, gone, 1, ALIKE)):
            old, was = before[like[0]], WAS + like[0]
        fuzzy = old is not None and (bool(was) or old.fuzzy)
        notes = [] if old is None else [*old.user_comments]
        if was or not fuzzy:  # what it was of takes several lines, the last ones
            notes = [*takewhile(lambda one: not one.startswith(WAS), notes), *([was] if was else [])]
        string = "" if old is None else old.string
        new.add(text, string, flags={"fuzzy"} if fuzzy else (), auto_comments=kinds, user_comments=notes)
        new[text].flags &= {"fuzzy"}  # babel takes roles for fields of Python's formats
    return new


def write(path: Path, catalogue: Catalog) -> None:
    """The catalogue as a file, if it says anything new."""
    body = io.BytesIO()
    write_po(body, catalogue, width=0, no_location=True, omit_header=True)
    text = HEAD + body.getvalue().decode()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


def pages(root: Path) -> dict[str, Path]:
    """The sources of the pages of the book by their names, in the order of the book."""
    book = root / "book"
    found = {}
    for name in in_order(book / "_toc.yml"):
        notebook = name.startswith("notebooks/")
        found[name] = root / f"{name}.ipynb" if notebook else book / f"{name}.md"
    return found


def wanted(root: Path) -> dict[str, Messages]:
    """The messages of every catalogue but that of what code says, by its name."""
    book = root / "book"
    own = (yaml.safe_load((book / name).read_text(encoding="utf-8")) for name in ("_config.yml", "_toc.yml"))
    sentences: dict[str, list[str]] = {}
    for claim in all_claims():
        for text, kind in phrases(claim):
            sentences.setdefault(text, [kind])
    for row in yaml.safe_load((book / "rewritten.yaml").read_text(encoding="utf-8")):
        for key in ("said", "became", "why"):
            sentences.setdefault(row[key], ["of a claim that was reworded"])
    of_pages = {name: gathered(path, path.read_text(encoding="utf-8")) for name, path in pages(root).items()}
    whole = contents(*own)
    for messages in of_pages.values():
        for text in [text for text, kinds in messages.items() if kinds == [BUTTON]]:
            whole[text] = messages.pop(text)
    return {**of_pages, "contents": whole, "sentences": sentences, "scripts": scripts.gathered(book / "_static")}


def update(root: Path) -> list[str]:
    """Bring the catalogues of a checkout up to date; what is to be done, a line a catalogue, and its faults."""
    told, there, all_of_them = [], folder(root), wanted(root)
    terms = term_names((root / "book" / "glossary.md").read_text(encoding="utf-8"))
    for name, messages in all_of_them.items():
        path = there / f"{name}.po"
        catalogue = updated(read(path), messages)
        write(path, catalogue)
        own = messages_of(catalogue).values()
        fuzzy, missing = sum(message.fuzzy for message in own), sum(not message.string for message in own)
        told.append(f"  {name:<34} {len(messages):5} messages, {missing:5} missing, {fuzzy:3} fuzzy")
        told += [f"    {fault}" for message in own for fault in faults_of(message, terms)]
    kept = {f"{name}.po" for name in (*all_of_them, CODE)}
    for path in there.rglob("*.po"):
        if path.relative_to(there).as_posix() not in kept:
            path.unlink()
    return told


def update_code(root: Path) -> str:
    """Bring the catalogue of what code says up to date; a line as of `update`.

    What notebooks say that are not executed stays as it is.
    """
    place = folder(root) / f"{CODE}.po"
    known = read(place)
    found: dict[str, list[str]] = {}
    for path in sorted((root / "lmstudy").rglob("*.py")):
        with path.open("rb") as file:
            for _, _, words, _ in extract_python(file, {"said": None, "phrase": None}, (), {}):
                text = words if isinstance(words, str) else (words or ("",))[0]
                if text:
                    found.setdefault(text, [PACKAGE])
    met = root / "book" / "_build" / MET
    of_pages = [str(m.id) for m in known if m.id and PAGES in m.auto_comments]
    elsewhere = {masked(text)[0] for text in messages_of(read(folder(root) / "sentences.po"))}
    for text in [*of_pages, *(json.loads(met.read_text(encoding="utf-8")) if met.exists() else ())]:
        if text not in elsewhere:
            found.setdefault(text, [PAGES])
    for name in [name for name in pages(root) if name.startswith("notebooks/")]:
        executed, chapter = root / "book" / f"{name}.ipynb", Path(name).name
        if not executed.exists():
            before = [m for m in known if m.id and chapter in m.auto_comments]
            texts = [str(message.id) for message in before]
        else:
            texts = list(outputs.gathered(json.loads(executed.read_text(encoding="utf-8"))))
        for text in texts:
            found.setdefault(text, []).append(chapter)
    catalogue = updated(known, found)
    write(place, catalogue)
    own = messages_of(catalogue).values()
    missing, fuzzy = sum(not message.string for message in own), sum(message.fuzzy for message in own)
    return f"  {CODE:<34} {len(found):5} messages, {missing:5} missing, {fuzzy:3} fuzzy"


def faults_of(message: Message, terms: Mapping[str, str]) -> list[str]:
    """What the translation of a message loses or adds, with the message; nothing where there is none yet."""
    if not message.string or message.fuzzy:
        return []
    return [
        f"{shortened(str(message.id), 60)!r}: {fault}" for fault in faults(str(message.id), str(message.string), terms)
    ]
