"""A Sphinx extension: models as scripts that the page "Try the model" loads, made of their published weights.

They lie in `models/`, below the book's sources, and need not lie in the repository a second time. The scripts are
written into the built book, below `_static/try`; the same weights give the same bytes.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

SCRIPTS = {"flagship": "_static/try/style-model.js", "reviews": "_static/try/reviews-model.js"}
"""Below the built book, by the name of the published model."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Write them when a build ends."""
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html" or "try" not in app.env.found_docs:
        return
    from lmstudy.atomic import write_text
    from lmstudy.publishing.page_model import model_script  # torch, which a failing build need not wait for
    from lmstudy.runs.finished import load_run

    for name, script in SCRIPTS.items():
        (folder,) = Path(app.srcdir).glob(f"models/{name}-*")
        target = Path(app.outdir, script)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, model_script(load_run(folder, writes_only=True)))
