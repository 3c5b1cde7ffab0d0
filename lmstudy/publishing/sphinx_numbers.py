"""A Sphinx extension that numbers figures and tables of a chapter: "Figure 14.3" is the third of the notebook `14_...`.

A figure is what a code cell draws whose metadata say `"mystnb": {"figure": {"caption": "...", "name": "fig-..."}}`;
with a name, `` {numref}`fig-...` `` refers to it. A table is an HTML table in a cell's output that has a caption, as
pandas makes one with `Styler.set_caption`, or samples on cards (`lmstudy.show.texts.cards`). What stands on a page that
is no notebook has no number.
"""

import re
from itertools import count
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from lmstudy.show.phrases import said

CHAPTER = re.compile(r"notebooks/(\d+)_")
CAPTION = re.compile(r'<caption[^>]*>|<figcaption class="samples">')


def setup(app: Sphinx) -> dict[str, Any]:
    """Put numbers into the captions of tables as pages are read, and of figures when all have been."""
    app.connect("config-inited", _configure)
    app.connect("doctree-read", _number_tables)
    app.connect("env-get-updated", _number_figures, priority=900)  # after Sphinx, which counts through the whole book
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _configure(app: Sphinx, config: Config) -> None:
    config["numfig"] = True
    config["numfig_format"] = {
        **config["numfig_format"],
        "figure": said("Figure {0}", "%s"),
        "table": said("Table {0}", "%s"),
    }


def _number_tables(app: Sphinx, document: nodes.document) -> None:
    chapter = CHAPTER.match(app.env.docname)
    if chapter is None:
        return
    numbers = count(1)

    def numbered(tag: re.Match[str]) -> str:
        name = said("Table {0}", f"{int(chapter[1])}.{next(numbers)}")
        return f'{tag[0]}<span class="caption-number">{name} </span>'

    for node in document.findall(nodes.raw):
        if node.get("format") == "html":
            node.children = [nodes.Text(CAPTION.sub(numbered, node.astext()))]


def _number_figures(app: Sphinx, env: BuildEnvironment) -> list[str]:
    for page, kinds in env.toc_fignumbers.items():
        figures = kinds.get("figure", {})
        chapter = CHAPTER.match(page)
        kinds.clear()
        if chapter:
            kinds["figure"] = {name: (int(chapter[1]), number) for number, name in enumerate(figures, start=1)}
    return []
