"""A Sphinx extension that takes out of the built book what its themes put there and no page loads.

These are the maps of scripts and styles, which are for the themes' developers, the themes' translations, which were
used when the pages were written, all icons as a script and as fonts (`sphinx_icons` draws them; the theme's style
sheet uses one of the fonts, for notes) with the rules for them, the marks of services that the book does not
use, and pieces of templates.
"""

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lmstudy.atomic import write_text

UNUSED = (
    "scripts/*.map",
    "styles/*.map",
    "locales",
    "images/logo_*",
    "*webpack-macros.html",
    "scripts/fontawesome.js*",
    "vendor/fontawesome/webfonts/fa-brands*",
    "vendor/fontawesome/webfonts/fa-regular*",
    "vendor/fontawesome/webfonts/*.ttf",
)
"""Below `_static`."""
STYLES = "styles/pydata-sphinx-theme.css"
RULES = re.compile(
    r"@font-face\{[^{}]*/fa-(?:brands|regular)-[^{}]*\}"  # of fonts that are taken out
    r"|,\s*url\([^()]*\.ttf\)\s*format\(.truetype.\)"  # the other format of the one that stays
    r"|(?<=[}/])\.fa-[\w-]+:before(?:,\.fa-[\w-]+:before)*\{[^{}]*\}"  # of icons by name
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Take it out when a build ends."""
    app.connect("build-finished", _take_out)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _take_out(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for path in [path for pattern in UNUSED for path in (out / "_static").glob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if (styles := out / "_static" / STYLES).is_file():
        write_text(styles, RULES.sub("", styles.read_text(encoding="utf-8")))
