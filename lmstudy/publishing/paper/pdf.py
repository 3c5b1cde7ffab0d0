"""The book as a PDF of each edition, and pages that are handed on by themselves as PDFs of their own.

A page asks for one with an inline text of the class `as-pdf`, such as `[This page as a PDF]{.as-pdf}`; with `large`
beside it, in letters for a telephone. The text becomes a link where the PDF lies beside the page, and is not shown
where it does not.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from lmstudy.atomic import replacing, write_text
from lmstudy.errors import StudyError
from lmstudy.publishing.catalogues import CODE, folder, messages_of, read
from lmstudy.publishing.chromium import Chromium, require_chromium
from lmstudy.publishing.order import parts
from lmstudy.publishing.pages import index_page
from lmstudy.publishing.paper.binding import Words, bound
from lmstudy.publishing.paper.printing import LARGE, SHEET, print_pages
from lmstudy.show.phrases import phrase

EXPLANATION = phrase("An arrow with a number, behind a link, names the page of this book that the link leads to.")
OFFER = re.compile(r'<span class="(as-pdf(?: large)?)">(?:<a [^>]*>)?(.*?)(?:</a>)?</span>', re.DOTALL)
PAPERS = {"as-pdf": SHEET, "as-pdf large": LARGE}


def require_printer() -> None:
    """Raise StudyError where what prints and binds is not installed."""
    require_chromium()
    try:
        import pypdf  # noqa: F401
    except ImportError:
        raise StudyError("the package pypdf is missing: pip install -e '.[dev]'") from None


def write_pdfs(root: Path, edition: str = "en") -> list[Path]:
    """Print a built edition of the checkout `root`: the book, and each page that asks to be a PDF of its own.

    The book is `book/_build/lmstudy.pdf`, in Chinese `lmstudy-zh.pdf`; a page's PDF lies beside it, such as
    `lmstudy-errata.pdf`.

    Raises:
        StudyError: the edition is not built, or something that prints is missing.
    """
    require_printer()
    built = index_page(root, edition).parent
    if not index_page(root, edition).exists():
        raise StudyError(f"{built}: no book is built here; make book")
    sources = root / "book" if edition == "en" else root / "book" / "_build" / edition / "book"
    suffix = "" if edition == "en" else f"-{edition}"
    outline = parts(sources / "_toc.yml")
    files = {name: built / f"{name}.html" for _, names in outline for name in names}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, Chromium(Path(profile)) as browser:
        printed = {one.page: one for one in print_pages(browser, list(files.values()))}
        whole = [(caption, [printed[files[name]] for name in names]) for caption, names in outline]
        book = bound(browser, whole, _words(root, sources, edition))
        written = {root / "book" / "_build" / f"lmstudy{suffix}.pdf": book}
        for page in files.values():
            if asked := OFFER.search(page.read_text(encoding="utf-8")):
                alone = list(print_pages(browser, [page], PAPERS[asked[1]]))
                written[page.with_name(f"lmstudy-{page.stem}{suffix}.pdf")] = bound(browser, [("", alone)])
    for target, content in written.items():
        with replacing(target) as temporary:
            temporary.write_bytes(content)
    for page in files.values():
        offer(page, page.with_name(f"lmstudy-{page.stem}{suffix}.pdf"))
    return list(written)


def offer(page: Path, pdf: Path) -> None:
    """Make a page's text of the class `as-pdf` a link to its PDF, or a text that is not shown where there is none."""
    text = page.read_text(encoding="utf-8")
    link = rf'<a href="{pdf.name}" download>\2</a>' if pdf.exists() else r"\2"
    new = OFFER.sub(rf'<span class="\1">{link}</span>', text)
    if new != text:
        write_text(page, new)


def _words(root: Path, sources: Path, edition: str) -> Words:
    title = yaml.safe_load((sources / "_config.yml").read_text(encoding="utf-8"))["title"]
    return Words(title, _said(root, edition, EXPLANATION))


def _said(root: Path, edition: str, text: str) -> str:
    """A phrase of the code in the language of an edition, outside its build."""
    known: Sequence[Any] = [] if edition == "en" else [messages_of(read(folder(root) / f"{CODE}.po")).get(text)]
    return next((str(message.string) for message in known if message and message.string), text)
