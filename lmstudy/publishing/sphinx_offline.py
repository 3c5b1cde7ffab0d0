"""A Sphinx extension for a book that needs no network: MathJax from an installed package, and no thebe.

MathJax comes with the pinned package `sphinx-mathjax-offline` and is copied into the built book. Of its 24 MB
only the component that draws SVG is taken (2 MB, one file): its glyphs are paths, so that a page opened from
disk needs no font files, which browsers may refuse to load there.

Jupyter Book always loads `sphinx_thebe` (run cells on a remote server). It is of no use here, and writes its
constants into every page twice, which is an error in the browser's console.
"""

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

PACKAGE = "sphinx-mathjax-offline"
COMPONENT = "tex-svg.js"
EXTENSIONS = "input/tex/extensions"  # loaded by MathJax where a formula uses one, such as \cancel


def mathjax_folder() -> Path:
    """The folder of MathJax's files in the installed package; ExtensionError where it is not installed."""
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise ExtensionError(f"the book needs the package {PACKAGE}: pip install {PACKAGE}") from None
    found = [file for file in files if file.name == COMPONENT]
    if not found:
        raise ExtensionError(f"the installed package {PACKAGE} has no {COMPONENT}")
    return Path(str(found[0].locate())).parent


def setup(app: Sphinx) -> dict[str, Any]:
    """Point Sphinx's MathJax support at the copy, and make the copy when a build ends."""
    app.connect("config-inited", _configure)
    app.connect("build-finished", _copy)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _configure(app: Sphinx, config: Config) -> None:
    mathjax_folder()  # fails now rather than when the pages are written
    _leave_out_thebe(app)
    config["mathjax_path"] = f"mathjax/{COMPONENT}"
    options = config["mathjax3_config"] or {}
    # The menu would load more components on demand; readers with a screen reader get MathML without it.
    options.setdefault("options", {})["enableMenu"] = False
    config["mathjax3_config"] = options


def _leave_out_thebe(app: Sphinx) -> None:
    for listener in [one for some in app.events.listeners.values() for one in some]:
        if listener.handler.__module__.partition(".")[0] == "sphinx_thebe":
            app.disconnect(listener.id)
    files = app.registry.css_files
    files[:] = [entry for entry in files if "thebe" not in entry[0]]


def _copy(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    source, target = mathjax_folder(), Path(app.outdir, "_static", "mathjax")
    (target / EXTENSIONS).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / COMPONENT, target / COMPONENT)
    shutil.copytree(source / EXTENSIONS, target / EXTENSIONS, dirs_exist_ok=True)
