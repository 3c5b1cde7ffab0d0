"""A Sphinx extension: scripts and styles in a folder below `_static` are loaded only by pages that name them.

Jupyter Book puts every script and style that it finds anywhere below `_static` on every page. Those at its top are
meant so; those in a folder of their own, such as a model of more than a megabyte, belong to one page.
"""

from pathlib import PurePosixPath
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config


def setup(app: Sphinx) -> dict[str, Any]:
    """Leave them out before Sphinx reads the lists of scripts and styles."""
    app.connect("config-inited", _leave_out)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _leave_out(app: Sphinx, config: Config) -> None:
    for key in ("html_js_files", "html_css_files"):
        config[key] = [entry for entry in config[key] if not _in_a_folder(entry)]


def _in_a_folder(entry: str | tuple[str, dict[str, Any]]) -> bool:
    name = entry if isinstance(entry, str) else entry[0]
    return "://" not in name and len(PurePosixPath(name).parts) > 1
