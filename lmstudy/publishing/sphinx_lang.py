"""A Sphinx extension that says where a page is Chinese: every run of Chinese characters gets `lang="zh"`.

A screen reader then changes its voice, and a browser takes glyphs as they are drawn in China. The written HTML is
changed, since tables of cells' outputs are raw HTML. Code, formulas, scripts, drawings and attributes stay as they
are, and so does what says that it is Chinese already.
"""

import re

from sphinx.application import Sphinx

from lmstudy.publishing.written_pages import in_texts, rewrites

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BETWEEN = "\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff00-\uffef“”‘’…—·"
RUN = re.compile(f"[《「『（]*[{HAN}](?:[{BETWEEN}]*[{HAN}])*[》」』）。，！？；：]*")
"""Chinese characters with the marks between them, and those that can only belong to them before and after."""
CHINESE = re.compile(r"""\blang\s*=\s*["']?zh\b""")


def mark(html: str) -> str:
    """The HTML with `<span lang="zh">` about each run of Chinese characters; marked HTML comes back as it is."""
    return in_texts(html, lambda text: RUN.sub(r'<span lang="zh">\g<0></span>', text), CHINESE)


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Mark the pages when all are written, but those of a Chinese edition."""
    return rewrites(app, lambda html: html if app.config.language == "zh_CN" else mark(html))
