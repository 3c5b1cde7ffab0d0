"""A Sphinx extension for editions in another language than English, whose sources `editions.py` has translated.

Sections keep the ids of the English edition, so that a link to one leads to the same place in each. What code was to
say and no catalogue has is a warning, which fails a build run with `-W`, but for drafts.

Whoever translates cannot see what a link, a claim or a number will show. So the space about it stays where that begins
or ends in Latin letters or digits, and goes where it is Chinese; between references, ", " becomes "、".
"""

import json
import os
import re
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from lmstudy.atomic import write_text
from lmstudy.publishing.catalogues import LANGUAGE, MET
from lmstudy.publishing.editions import ANCHORS, DRAFT
from lmstudy.publishing.sphinx_claims import claim_number
from lmstudy.publishing.sphinx_lang import HAN
from lmstudy.publishing.written_pages import rewrites
from lmstudy.show import phrases
from lmstudy.show.phrases import phrase, said

THEME = (
    *(phrase("Link to this heading"), phrase("Link to this image"), phrase("Link to this term")),
    *(phrase("Toggle hidden content"), phrase("Toggle primary sidebar"), phrase("Toggle secondary sidebar")),
    *(phrase("Color mode"), phrase("Main"), phrase("Page"), phrase("Search...")),
)
"""What the theme and MyST-NB say in English alone."""
SAID = re.compile(rf"""((?:aria-label|data-bs-title|placeholder|title)=")({"|".join(map(re.escape, THEME))})(?=")""")

CHINESE = re.compile(f"[{HAN}\u3001\u3002\u3008-\u3011\uff00-\uffef“”]")
CHIP = "claim-chip"
"""The class of a verdict, which stands apart from what follows."""

log = logging.getLogger(__name__)


class EnglishIds(SphinxTransform):
    """Gives the sections of a page the ids that they have in English."""

    default_priority = 5

    def apply(self, **options: Any) -> None:
        """Runs before anything has looked at the ids."""
        wanted = self.app.config.english_ids.get(self.env.docname, [])
        sections = list(self.document.findall(nodes.section))
        for section, new in zip(sections, wanted, strict=len(wanted) == len(sections)):
            old = section["ids"][0]
            if not new or new in self.document.ids:
                continue
            section["ids"][0] = new
            self.document.ids[new] = self.document.ids.pop(old)
            for name, known in self.document.nameids.items():
                if known == old:
                    self.document.nameids[name] = new


class Spaces(SphinxPostTransform):
    """Goes over the texts beside something shown, when all references are known."""

    default_priority = 900

    def run(self, **options: object) -> None:
        if self.config.language != LANGUAGE:
            return
        for parent in list(self.document.findall(nodes.TextElement)):
            for one, other in pairwise(list(parent.children)):
                if isinstance(one, nodes.Text) and is_chinese(one.rstrip()[-1:]) and is_chinese(shown(other)[:1]):
                    parent.replace(one, nodes.Text(one.rstrip()))
            for one, other in pairwise(list(parent.children)):
                if isinstance(other, nodes.Text) and is_chinese(other.lstrip()[:1]) and is_chinese(shown(one)[-1:]):
                    parent.replace(other, nodes.Text(other.lstrip()))
                elif isinstance(other, nodes.Text) and other == ", ":
                    parent.replace(other, nodes.Text("、"))


def is_chinese(character: str) -> bool:
    """Whether there is a character, and it is Chinese or a mark of Chinese punctuation."""
    return bool(CHINESE.match(character))


def shown(node: nodes.Node) -> str:
    """What a reader sees of a node before anything is opened; nothing of what stands apart."""
    if isinstance(node, nodes.Element) and CHIP in node.get("classes", ()):
        return ""
    return (node[0] if isinstance(node, claim_number) else node).astext()


def setup(app: Sphinx) -> dict[str, Any]:
    """Do nothing for the book as it is written."""
    app.add_config_value("english_ids", {}, "", types=(dict,))
    app.connect("config-inited", _read)
    app.connect("env-updated", _warn)
    app.add_transform(EnglishIds)
    app.add_post_transform(Spaces)
    return rewrites(app, lambda html: SAID.sub(lambda m: m[1] + escape(said(m[2])), html))


def _read(app: Sphinx, config: Config) -> None:
    place = Path(app.confdir, ANCHORS)
    if place.exists():
        config["english_ids"] = json.loads(place.read_text(encoding="utf-8"))


def _warn(app: Sphinx, env: BuildEnvironment) -> list[str]:
    if phrases.MISSING:
        write_text(Path(app.confdir).parents[1] / MET, json.dumps(list(phrases.MISSING), ensure_ascii=False))
    if phrases.MISSING and not os.environ.get(DRAFT):
        more = f", and {len(phrases.MISSING) - 1} more" if len(phrases.MISSING) > 1 else ""
        log.warning(f"code.po: no translation of {next(iter(phrases.MISSING))!r}{more}")
    return []
