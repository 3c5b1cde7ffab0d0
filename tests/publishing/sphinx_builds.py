"""Builds of small books by Sphinx alone."""

import io
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils


class Built(dict[str, str]):
    """The HTML of each page, by name, and what was warned of."""

    warnings: str


def build(book: Path, strict: bool = True, **options: Any) -> Built:
    """Build the book whose `conf.py` lies in `book`, with every cross-reference checked."""
    out = book / "_build"
    warnings = io.StringIO()
    with docutils_namespace(), patch_docutils():
        told = {"status": None, "warning": warnings, "warningiserror": strict}
        app = Sphinx(book, book, out, out / "trees", "html", **told, **options)
        app.config.nitpicky = True
        app.build()
    found = Built({str(path.relative_to(out).with_suffix("")): path.read_text() for path in out.rglob("*.html")})
    found.warnings = warnings.getvalue()
    return found
