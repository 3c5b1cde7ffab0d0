"""The pages of the book: Jupyter Book with warnings as errors, and only when something has changed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import yaml

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.publishing.fingerprint import files_under, fingerprint
from lmstudy.publishing.links import broken_links

SHOWN_LINES = 25
NOTEWORTHY = re.compile(r"WARNING|ERROR|CRITICAL|Traceback|Error:|Exception:")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
EDITIONS = ("en", "zh")
"""The first is the book as it is written; the others are in folders of its HTML."""
BUILDERS = ("jupyter-book", "sphinx", "sphinx-book-theme", "myst-nb", "sphinx-mathjax-offline")


def index_page(root: Path, edition: str = "en") -> Path:
    """Where a built edition begins."""
    return root / "book" / "_build" / "html" / ("" if edition == "en" else edition) / "index.html"


def pages_key(root: Path, edition: str = "en", *texts: str) -> str:
    """Fingerprint of all that the pages of an edition depend on: the book's sources with the executed notebooks and the
    records, the package (which works out the claims), the versions of what builds them, translations if any, and
    `texts`."""
    book = root / "book"
    unread = ["_build", ".ipynb_checkpoints", *(["locale"] if edition == "en" else [])]
    sources = files_under(book, "**/*", without=unread)
    kept = [path for path in sources if not path.name.startswith(".") and ".failed." not in path.name]
    versions = " ".join(f"{name}={metadata.version(name)}" for name in BUILDERS)
    return fingerprint(root, [*kept, *files_under(root / "lmstudy", "**/*.py")], versions, *texts)


def up_to_date(root: Path, key: str, edition: str = "en") -> bool:
    """Whether the edition that is there was built, and found sound, from what `key` stands for."""
    stored = _key_file(root, edition)
    return index_page(root, edition).exists() and stored.exists() and stored.read_text() == key


def build_pages(root: Path, sources: Path | None = None, variables: Mapping[str, str] | None = None) -> Path:
    """Build the pages beside the book that is there; the folder of their HTML.

    Args:
        root: of the checkout.
        sources: the folder of an edition; None: `book`.
        variables: of the environment in which Sphinx runs, besides its own.

    All pages are read again: Sphinx repeats no warning of a page that it has not read, so an incremental
    build after a failed one would pass.

    Raises StudyError with the warnings and the log's path; the book that is there stays.
    """
    book, out = sources or root / "book", root / "book" / "_build"
    _require_pages(book)
    target = out / "next"
    shutil.rmtree(target, ignore_errors=True)
    log = out / ("jupyter-book.log" if sources is None else f"jupyter-book-{book.parent.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]  # it has no __main__
    command = [*program, "build", str(book), "-W", "-n", "--keep-going", "--all", "--path-output", str(target)]
    plain = {**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1", **(variables or {})}
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, cwd=root, env=plain)
    html = target / "_build" / "html"
    if done.returncode != 0 or not (html / "index.html").exists():
        raise StudyError(f"jupyter-book failed (exit status {done.returncode}):\n{_noteworthy(log)}\nFull log: {log}")
    return html


def check_links(html: Path) -> None:
    """Raise StudyError with each link that leads nowhere and each asset that would need the network."""
    if faults := broken_links(html):
        more = f"\n  ... and {len(faults) - SHOWN_LINES} more" if len(faults) > SHOWN_LINES else ""
        listed = "\n".join(f"  {fault}" for fault in faults[:SHOWN_LINES])
        raise StudyError(f"{len(faults)} faults in the links of {html}:\n{listed}{more}")


def publish(root: Path, html: Path, key: str, edition: str = "en") -> None:
    """Put newly built pages in the place of the old ones, and note what they were built from.

    Other editions, which lie in the folder of the first, stay.
    """
    place = index_page(root, edition).parent
    old = root / "book" / "_build" / "old"
    shutil.rmtree(old, ignore_errors=True)
    _key_file(root, edition).unlink(missing_ok=True)
    if place.exists():
        place.replace(old)
    place.parent.mkdir(parents=True, exist_ok=True)
    html.replace(place)
    for other in EDITIONS[1:]:
        if edition == "en" and (old / other).exists():
            (old / other).replace(place / other)
    write_text(_key_file(root, edition), key)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(html.parents[1], ignore_errors=True)


def _key_file(root: Path, edition: str) -> Path:
    return root / "book" / "_build" / ("pages.key" if edition == "en" else f"pages-{edition}.key")


def _require_pages(book: Path) -> None:
    """Jupyter Book's own message for an entry of `_toc.yml` with no file does not name the file."""
    contents = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in contents.get("parts", []) for chapter in part["chapters"]]
    for page in [contents["root"], *(chapter["file"] for chapter in chapters + contents.get("chapters", []))]:
        if not any((book / f"{page}{suffix}").exists() for suffix in (".md", ".ipynb")):
            made = "; run lmstudy-book without --only to make it" if page.startswith("notebooks/") else ""
            raise StudyError(f"{book / '_toc.yml'}: the book has no page '{page}'{made}")


def _noteworthy(log: Path) -> str:
    lines = [ANSI.sub("", line).rstrip() for line in log.read_text(encoding="utf-8").splitlines()]
    found = list(dict.fromkeys(line for line in lines if NOTEWORTHY.search(line))) or lines[-SHOWN_LINES:]
    return "\n".join(f"  {line}" for line in found[:SHOWN_LINES])
