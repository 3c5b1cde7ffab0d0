"""A Sphinx extension that says where a page is Chinese: every run of Chinese characters gets `lang="zh"`.

A screen reader then changes its voice, and a browser takes glyphs as they are drawn in China. The written HTML is
changed, since tables of cells' outputs are raw HTML. Code, formulas, scripts, drawings and attributes stay as they
are, and so does what says that it is Chinese already.
"""

import re

from sphinx.application import Sphinx

from lmstudy.publishing.written_pages import rewrites

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BETWEEN = "\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff00-\uffef“”‘’…—·"
RUN = re.compile(f"[《「『（]*[{HAN}](?:[{BETWEEN}]*[{HAN}])*[》」』）。，！？；：]*")
"""Chinese characters with the marks between them, and those that can only belong to them before and after."""
MARKUP = re.compile(r"""(<!--.*?-->|<[/!?a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*>)""", re.DOTALL)
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)(.*?)(/?)>$", re.DOTALL)
UNTOUCHED = frozenset(("code", "kbd", "math", "option", "pre", "samp", "script", "style", "svg", "textarea", "title"))
FORMULA = re.compile(r"""\bclass\s*=\s*["'](?:[^"']*\s)?math[\s"']""")
CHINESE = re.compile(r"""\blang\s*=\s*["']?zh\b""")


def mark(html: str) -> str:
    """The HTML with `<span lang="zh">` about each run of Chinese characters; marked HTML comes back as it is."""
    parts = MARKUP.split(html)  # text and markup in turns
    name, depth = "", 0  # the element that stays as it is, and how many of its name are open
    for place, part in enumerate(parts):
        if place % 2 == 0:
            if not depth:
                parts[place] = RUN.sub(r'<span lang="zh">\g<0></span>', part)
            continue
        tag = TAG.match(part)
        if tag is None or tag[4]:
            continue
        closes, found, attributes = bool(tag[1]), tag[2].lower(), tag[3]
        if depth:
            depth += (-1 if closes else 1) if found == name else 0
        elif not closes and (found in UNTOUCHED or FORMULA.search(attributes) or CHINESE.search(attributes)):
            name, depth = found, 1
    return "".join(parts)


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Mark the pages when all are written."""
    return rewrites(app, mark)
