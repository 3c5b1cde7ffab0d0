"""A Sphinx extension: the works of the bibliography are items of their list, for screen readers, too.

Docutils gives the list the role `list` and each work the role `doc-biblioentry`, which a list may not hold and which
has been given up since (DPUB-ARIA 1.1).
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lmstudy.atomic import write_text

GIVEN_UP, ITEM = 'role="doc-biblioentry"', 'role="listitem"'


def setup(app: Sphinx) -> dict[str, Any]:
    """Give each work its role when the pages are written."""
    app.connect("build-finished", _mend)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _mend(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        if GIVEN_UP in html:
            write_text(page, html.replace(GIVEN_UP, ITEM))
