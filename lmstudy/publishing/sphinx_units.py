"""A Sphinx extension that keeps a number and its % on one line: "95 %" has a no-break space; in Chinese, "95%"."""

import re

from sphinx.application import Sphinx

from lmstudy.publishing.written_pages import in_texts, rewrites

BEFORE = re.compile(r"(?<=\d) (?=%)")


def join(html: str, space: str = "\N{NO-BREAK SPACE}") -> str:
    """The HTML with a no-break space between each number and its %, or what is given."""
    return in_texts(html, lambda text: BEFORE.sub(space, text))


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Change the pages when all are written."""
    return rewrites(app, lambda html: join(html, "") if app.config.language == "zh_CN" else join(html))
