"""Changes to pages that Sphinx has written: outputs of cells are raw HTML, which none of its transforms sees."""

import re
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

from lmstudy.atomic import write_text

MARKUP = re.compile(r"""(<!--.*?-->|<[/!?a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*>)""", re.DOTALL)
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)(.*?)(/?)>$", re.DOTALL)
UNTOUCHED = frozenset(("code", "kbd", "math", "option", "pre", "samp", "script", "style", "svg", "textarea", "title"))
FORMULA = re.compile(r"""\bclass\s*=\s*["'](?:[^"']*\s)?math[\s"']""")


def in_texts(html: str, change: Callable[[str], str], leave: re.Pattern[str] | None = None) -> str:
    """The HTML with its texts changed; code, formulas, scripts, drawings and attributes stay as they are.

    Args:
        html: of a page.
        change: from a text between two tags to what it is to be.
        leave: in the attributes of a tag whose texts stay as they are, too, if any.
    """
    parts = MARKUP.split(html)  # text and markup in turns
    name, depth = "", 0  # the element that stays as it is, and how many of its name are open
    for place, part in enumerate(parts):
        if place % 2 == 0:
            if not depth:
                parts[place] = change(part)
            continue
        tag = TAG.match(part)
        if tag is None or tag[4]:
            continue
        closes, found, attributes = bool(tag[1]), tag[2].lower(), tag[3]
        if depth:
            depth += (-1 if closes else 1) if found == name else 0
        elif not closes and (
            found in UNTOUCHED or FORMULA.search(attributes) or (leave is not None and leave.search(attributes))
        ):
            name, depth = found, 1
    return "".join(parts)


def rewrites(app: Sphinx, change: Callable[[str], str]) -> dict[str, bool | str]:
    """Let `change` make each written page anew when a build of HTML ends without an error; what an extension returns.

    Args:
        app: of the extension's `setup`.
        change: from the HTML of a page to what it is to be; what comes back as it was is not written.
    """

    def at_the_end(app: Sphinx, error: Exception | None) -> None:
        if error is not None or app.builder.format != "html":
            return
        named = [app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)]
        for path in [Path(app.outdir, url) for url in (*named, "genindex.html", "search.html")]:
            if path.is_file():
                html = path.read_text(encoding="utf-8")
                if (changed := change(html)) != html:
                    write_text(path, changed)

    app.connect("build-finished", at_the_end)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
