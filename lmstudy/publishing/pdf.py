"""The whole book as one PDF: a headless Chromium prints its pages in the order of the contents, `pypdf` joins them.

Links from page to page lead to the page's place in the file; every page has an entry in the outline.
"""

import base64
import html
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import yaml

from lmstudy.atomic import replacing
from lmstudy.errors import StudyError
from lmstudy.publishing.chromium import FORMULAS_DRAWN, PATIENCE, Chromium
from lmstudy.publishing.pages import index_page

PAPER = {"paperWidth": 8.27, "paperHeight": 11.69, "marginTop": 0.7, "marginBottom": 0.8}  # A4, in inches
PAPER |= {"marginLeft": 0.75, "marginRight": 0.75, "scale": 0.85}
SECONDS_A_SHEET = 3.0
"""That printing may take, beyond what any command may, on a machine that is busy with other things."""
SHEETS = "Math.ceil(document.documentElement.scrollHeight / 1000)"
"""About how many sheets the open page will take."""
FOOTER = (
    '<div style="width: 100%; padding: 0 0.75in; font: 8px sans-serif; color: #555; display: flex">'
    '<span style="flex: 1">{title}</span><span class="pageNumber"></span></div>'
)
# On paper nothing unfolds: what is folded is printed, but for code, which print rules leave out. Chromium keeps the
# place of an element only where the page itself has a link to it; other pages of the book have some, too.
PREPARE = """
document.documentElement.dataset.theme = "light";
for (const folded of document.querySelectorAll(".bd-article details:not(.hide)")) folded.open = true;
for (const picture of document.images) picture.loading = "eager";
for (const place of [...document.querySelectorAll(".bd-article [id]")]) {
  const link = document.createElement("a");
  link.href = `#${place.id}`;
  link.hidden = true;
  document.body.append(link);
}
(() => {
  const title = document.querySelector(".bd-article h1")?.cloneNode(true);
  title?.querySelector(".headerlink")?.remove();
  return title?.textContent.trim() ?? document.title;
})()
"""


@dataclass(frozen=True)
class Printed:
    """A page of the book: its file, its title, and its PDF."""

    page: Path
    title: str
    pdf: bytes


def write_pdf(root: Path) -> Path:
    """Print the built book of the checkout `root`; the file `book/_build/lmstudy.pdf`.

    Without the package `pypdf` it is the folder `book/_build/lmstudy-pdf`, with a file for each page.

    Raises StudyError where no book is built, or there is no Chromium.
    """
    folder = index_page(root).parent
    if not index_page(root).exists():
        raise StudyError(f"{folder}: no book is built here; make book")
    pages = [folder / f"{name}.html" for name in contents(root / "book" / "_toc.yml")]
    printed = print_pages(pages)
    try:
        import pypdf  # noqa: F401
    except ImportError:
        return _apart(printed, folder.with_name("lmstudy-pdf"))
    target = folder.with_name("lmstudy.pdf")
    with replacing(target) as temporary:
        temporary.write_bytes(joined(printed))
    return target


def contents(file: Path) -> list[str]:
    """The pages that a `_toc.yml` names, in order."""

    def listed(entry: dict[str, Any]) -> Iterator[str]:
        if name := entry.get("root") or entry.get("file"):
            yield name
        for key in ("parts", "chapters", "sections"):
            for below in entry.get(key, []):
                yield from listed(below)

    return list(listed(yaml.safe_load(file.read_text(encoding="utf-8"))))


def print_pages(pages: Sequence[Path]) -> list[Printed]:
    """Every page as a PDF of its own, on A4, with its title and the number of the sheet below."""
    printed = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, Chromium(Path(profile)) as browser:
        for page in pages:
            if not page.is_file():
                raise StudyError(f"{page}: the contents name this page, and it is not built; make book")
            browser.open(page)
            title = browser.evaluate(PREPARE)
            browser.evaluate(FORMULAS_DRAWN)
            footer = FOOTER.format(title=html.escape(title))
            shown = {"displayHeaderFooter": True, "headerTemplate": "<span></span>", "footerTemplate": footer}
            patience = PATIENCE + SECONDS_A_SHEET * browser.evaluate(SHEETS)
            reply = browser.call("Page.printToPDF", patience=patience, printBackground=True, **shown, **PAPER)
            printed.append(Printed(page, title, base64.b64decode(reply["data"])))
    return printed


def joined(printed: Sequence[Printed]) -> bytes:
    """One PDF of all pages, with an outline, and links that stay within it."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    places: dict[str, tuple[int, Any, Any]] = {}  # by address: number of the sheet, and where on it
    addresses: list[str] = []  # of the page that each sheet is from
    for one in printed:
        reader, start = PdfReader(io.BytesIO(one.pdf)), len(writer.pages)
        address = one.page.resolve().as_uri()
        places[address] = (start, None, None)
        for name, place in reader.named_destinations.items():
            sheet = reader.get_destination_page_number(place)
            places[f"{address}#{name.removeprefix('/')}"] = (start + (sheet or 0), place.left, place.top)
        for page in reader.pages:
            writer.add_page(page)
            addresses.append(address)
        writer.add_outline_item(title=one.title, page_number=start)
    for page, address in zip(writer.pages, addresses, strict=True):
        for link in page.get("/Annots", []):
            _lead_within(writer, link.get_object(), address, places)
    writer.compress_identical_objects()
    if printed:
        writer.add_metadata({"/Title": printed[0].title})
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _lead_within(writer: Any, link: Any, own: str, places: dict[str, tuple[int, Any, Any]]) -> None:
    """Point a link at the sheet that it means; one to another file of this machine leads nowhere."""
    from pypdf.generic import ArrayObject, NameObject, NullObject

    address = unquote(str(link.get("/A", {}).get("/URI", "")))
    if "/Dest" in link:
        address = f"{own}#{unquote(str(link['/Dest'])).removeprefix('/')}"
    elif not address.startswith("file:"):
        return
    link.pop("/A", None)
    link.pop("/Dest", None)
    if found := places.get(address) or places.get(urldefrag(address)[0]):
        number, left, top = found
        view = [NullObject() if value is None else value for value in (left, top, None)]
        place = [writer.pages[number].indirect_reference, NameObject("/XYZ"), *view]
        link[NameObject("/Dest")] = ArrayObject(place)


def _apart(printed: Sequence[Printed], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pdf"):
        old.unlink()
    for number, one in enumerate(printed, start=1):
        (folder / f"{number:02}_{one.page.stem}.pdf").write_bytes(one.pdf)
    print(f"  {len(printed)} files, one for each page: the package pypdf, which joins them, is not installed")
    return folder
