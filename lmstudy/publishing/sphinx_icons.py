"""A Sphinx extension that draws icons into the pages, so that none loads a script with all of Font Awesome.

The theme marks the place of an icon by an empty element, `<i class="fa-solid fa-sun"></i>`, and loads a script of
1.5 MB that puts a drawing there. Here the build does, with the drawings of that script and the classes that it would
give them; what a page does not name is not in the book. Only solid icons are drawn: the theme names no others.

The icons are from Font Awesome Free (https://fontawesome.com, copyright Fonticons, Inc.), under CC BY 4.0. Every page
with an icon says so.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pydata_sphinx_theme
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lmstudy.publishing.written_pages import rewrites

SCRIPT = Path("theme", "pydata_sphinx_theme", "static", "scripts", "fontawesome.js")
LOADED = re.compile(
    r'(?:\s*<!-- So that users can add custom icons -->)?\s*<script[^>]*src="[^"]*fontawesome\.js[^>]*></script>'
)
DRAWING = re.compile(r'[{,]"?([a-z0-9-]+)"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]')
PLACE = re.compile(r'<(i|span)\b([^>]*\bclass="([^"]*\bfa[srb]?\b[^"]*)"[^>]*)></\1>')
MODE = re.compile(r'\bdata-mode="[^"]*"')
STYLES = frozenset(("fa", "fas", "fa-solid"))
SIZES = frozenset(("fa-2xs", "fa-xs", "fa-sm", "fa-lg", "fa-xl", "fa-2xl"))
CREDIT = "<!-- Icons: Font Awesome Free, https://fontawesome.com, copyright Fonticons, Inc., CC BY 4.0. -->\n"


@cache
def drawings() -> Mapping[str, tuple[int, int, str]]:
    """Width, height and path of each solid icon, by name.

    The theme's script has the outlined ones first, so that of two of a name the last is the solid one.
    """
    script = Path(pydata_sphinx_theme.__file__).parent / SCRIPT
    try:
        found = DRAWING.findall(script.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExtensionError(f"the theme's icons cannot be read: {error}") from error
    return {name: (int(width), int(height), path) for name, width, height, path in found}


def draw(html: str) -> str:
    """The HTML with a drawing in the place of each icon, and without the script.

    An icon has no title and is hidden from screen readers: the button or link about it says what it does.

    Raises ExtensionError where an icon is none of the solid ones.
    """
    html, places = PLACE.subn(_drawn, LOADED.sub("", html))
    return html.replace("</head>", CREDIT + "</head>", 1) if places else html


def _drawn(place: re.Match[str]) -> str:
    classes = place[3].split()
    kept = [name for name in classes if not name.startswith("fa") or name in SIZES]
    names = [name.removeprefix("fa-") for name in classes if name not in (*kept, *STYLES)]
    if len(names) != 1 or names[0] not in drawings() or not STYLES & set(classes):
        raise ExtensionError(f"no solid icon of the theme is named by {place[0]}")
    width, height, path = drawings()[names[0]]
    mode = f" {mode[0]}" if (mode := MODE.search(place[2])) else ""
    return (
        f'<svg class="{" ".join(["svg-inline--fa", f"fa-{names[0]}", *kept])}"{mode} aria-hidden="true" '
        f'focusable="false" viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"></path></svg>'
    )


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Draw the icons when all pages are written."""
    return rewrites(app, draw)
