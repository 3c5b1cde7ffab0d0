"""Changes to pages that Sphinx has written: outputs of cells are raw HTML, which none of its transforms sees."""

from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

from lmstudy.atomic import write_text


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
