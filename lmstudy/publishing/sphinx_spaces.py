"""A Sphinx extension that sets Chinese text close: no space beside a Chinese link in Chinese text, or before %.

Markdown wants a space before a role. Beside a digit or a Latin letter it is right in Chinese, too, and stays.
"""

import re

from sphinx.application import Sphinx

from lmstudy.publishing.sphinx_lang import HAN
from lmstudy.publishing.written_pages import in_texts, rewrites

CLOSING, OPENING = "，。；：、！？）》”", "（《“"
BEFORE = re.compile(rf"(?<=[{HAN}{CLOSING}]) ((?:<(?:a|em|span|strong)\b[^>]*>)+)(?=[{HAN}{OPENING}])")
AFTER = re.compile(rf"(?<=[{HAN}{CLOSING}])((?:</(?:em|span|strong)>)?</a>|</(?:em|span|strong)>) (?=[{HAN}{OPENING}])")
PERCENT = re.compile(r"(?<=\d)[ \N{NO-BREAK SPACE}](?=%)")


def close_up(html: str) -> str:
    """The HTML without the spaces between Chinese text and a Chinese link, number or term, and before %."""
    closed = AFTER.sub(r"\1", BEFORE.sub(r"\1", html))
    return in_texts(closed, lambda text: PERCENT.sub("", text))


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Change the pages of a Chinese edition when all are written."""
    return rewrites(app, lambda html: close_up(html) if app.config.language == "zh_CN" else html)
