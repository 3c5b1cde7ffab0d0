"""Checks a built book: every internal link resolves, and nothing is fetched from the network."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lmstudy.publishing.fingerprint import files_under

# In these, a link is only an address that the reader may follow; everything else is fetched by the browser.
FOLLOWED_BY_READER = {("a", "href"), ("area", "href"), ("form", "action"), ("blockquote", "cite"), ("q", "cite")}
# <link> relations that name another page and fetch nothing.
RELATIONS_NOT_FETCHED = {"canonical", "author", "license", "next", "prev", "search", "index", "alternate", "help"}
CSS_ADDRESS = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"')\s;]+)|url\(\s*["']?([^"')]+?)["']?\s*\)""")
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Page(HTMLParser):
    """What one HTML file links to (`links`), fetches (`assets`) and can be linked at (`anchors`)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.assets: list[str] = []
        self.anchors: set[str] = set()
        self.in_style = False
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value is not None}
        self.anchors.update(value for name in ("id", "name") if (value := found.get(name)))
        self.in_style = tag == "style"
        self.assets.extend(css_addresses(found.get("style", "")))
        fetched = not (tag == "link" and set(found.get("rel", "").lower().split()) & RELATIONS_NOT_FETCHED)
        for name in ("href", "src", "data", "poster", "action", "cite", "srcset", "xlink:href"):
            if name not in found or (name == "data" and tag != "object"):
                continue
            values = [found[name]]
            if name == "srcset":
                values = [part.split()[0] for part in found[name].split(",") if part.strip()]
            followed = (tag, name) in FOLLOWED_BY_READER or not fetched
            (self.links if followed else self.assets).extend(values)

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.assets.extend(css_addresses(data))

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False


def css_addresses(text: str) -> list[str]:
    """Addresses that a style sheet fetches with `@import` or `url(...)`."""
    return [a or b for a, b in CSS_ADDRESS.findall(CSS_COMMENT.sub("", text))]


def broken_links(html: Path) -> list[str]:
    """One line for each fault in the built book under `html`, as `page: what is wrong`; none if it is sound.

    Faults: a link or asset whose file is missing, a `#fragment` that no element of its page has as id, an
    address outside the book's folder, and an asset (script, style sheet, image, font, frame) that a browser
    would fetch from the network. Links for the reader to follow may lead to the web; they are not tried.
    """
    root = html.resolve()
    # Below _static lie a theme's templates, which are no pages.
    pages = {path: Page(path) for path in files_under(root, "**/*.html", without=["_static"])}
    faults = [(path, fault) for path, page in pages.items() for fault in _page_faults(root, path, page, pages)]
    for path in root.rglob("*.css"):
        addresses = css_addresses(path.read_text(encoding="utf-8", errors="replace"))
        faults += [(path, _asset_fault(root, path, address)) for address in addresses]
    return sorted({f"{path.relative_to(root).as_posix()}: {fault}" for path, fault in faults if fault})


def _page_faults(root: Path, path: Path, page: Page, pages: dict[Path, Page]) -> Iterator[str | None]:
    yield from (_asset_fault(root, path, address) for address in page.assets)
    for address in page.links:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = _target(path, parts.path)
        if fault := _file_fault(root, target, address):
            yield fault
        elif parts.fragment and target in pages:
            wanted = {parts.fragment, unquote(parts.fragment)}
            if not wanted & pages[target].anchors and wanted != {"top"}:
                yield f"no element of the page has the id that '{address}' names"


def _asset_fault(root: Path, path: Path, address: str) -> str | None:
    parts = urlsplit(address.strip())
    if parts.scheme in ("data", "about", "javascript", "blob"):
        return None
    if parts.scheme or parts.netloc:
        return f"fetches '{address}' from the network"
    return _file_fault(root, _target(path, parts.path), address)


def _target(path: Path, relative: str) -> Path:
    if not relative:
        return path
    target = (path.parent / unquote(relative)).resolve()
    return target / "index.html" if target.is_dir() else target


def _file_fault(root: Path, target: Path, address: str) -> str | None:
    if address.startswith("/") or not target.is_relative_to(root):
        return f"'{address}' leads out of the book's folder"
    return None if target.is_file() else f"'{address}' leads to no file"
