"""A Sphinx extension that keeps a number and its % on one line: "95 %" gets a no-break space."""

import re

from sphinx.application import Sphinx

from lmstudy.publishing.written_pages import in_texts, rewrites

BEFORE = re.compile(r"(?<=\d) (?=%)")


def join(html: str) -> str:
    """The HTML with a no-break space between each number and its %."""
    return in_texts(html, lambda text: BEFORE.sub("\N{NO-BREAK SPACE}", text))


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Change the pages when all are written."""
    return rewrites(app, join)
