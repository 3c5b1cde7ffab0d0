"""A Sphinx extension for editions in another language than English, whose sources `editions.py` has translated.

Sections keep the ids of the English edition, so that a link to one leads to the same place in each. What code was to
say and no catalogue has is a warning, which fails a build run with `-W`, but for drafts.
"""

import json
import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from lmstudy.atomic import write_text
from lmstudy.publishing.catalogues import MET
from lmstudy.publishing.editions import ANCHORS, DRAFT
from lmstudy.show import phrases

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


def setup(app: Sphinx) -> dict[str, Any]:
    """Do nothing for the book as it is written."""
    app.add_config_value("english_ids", {}, "", types=(dict,))
    app.connect("config-inited", _read)
    app.connect("env-updated", _warn)
    app.add_transform(EnglishIds)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


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
