"""A Sphinx extension for the box that every page begins with: what was found, with its number and a small picture.

    :::{answer}
    :show: conditional = privacy.conditional_vs_mle; filtering = privacy.filtering_vs_mle
    :unit: times fewer items of personal data than MLE
    :null: 1 = as many
    :log:

    One or two sentences of plain English, with {claim}`privacy.conditional_vs_mle`.
    :::

`show` gives claims with the labels of their rows (see `lmstudy.show.strip`); without it there is no picture, or the one
that the content brings. Faults are warnings, and fail a build run with `-W`.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.nodes import Node
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lmstudy.errors import StudyError
from lmstudy.publishing.sphinx_claims import results_for, warn
from lmstudy.show.phrases import said
from lmstudy.show.strip import strip


class Answer(SphinxDirective):
    """The box."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "title": directives.unchanged_required,
        "show": directives.unchanged_required,
        "unit": directives.unchanged_required,
        "null": directives.unchanged_required,
        "log": directives.flag,
        "signed": directives.flag,
    }

    def run(self) -> list[Node]:
        box = nodes.container(classes=["answer"])
        box += nodes.paragraph("", self.options.get("title") or said("What we found"), classes=["answer-title"])
        box += self.parse_content_to_nodes()
        if "show" in self.options:
            try:
                box += nodes.raw("", self._strip(), format="html")
            except StudyError as error:
                warn(f"answer: {error}", self.get_location())
        return [box]

    def _strip(self) -> str:
        known, rows = results_for(self.env), {}
        for pair in self.options["show"].split(";"):
            label, _, name = (part.strip() for part in pair.partition("="))
            if name not in known:
                raise StudyError(f"show: no claim {name!r} for {label!r}")
            if known[name].error is not None:
                raise StudyError(f"show: claim {name}: {known[name].error}")
            rows[label] = known[name].estimate
        if "unit" not in self.options:
            raise StudyError("unit is missing: what the numbers of the picture are")
        null, _, says = (part.strip() for part in self.options.get("null", "").partition("="))
        try:
            place = float(null) if null else None
        except ValueError:
            raise StudyError(f"null: {null!r} is no number; it is written as 1 = as many") from None
        flags = {"log": "log" in self.options, "signed": "signed" in self.options}
        return strip(rows, self.options["unit"], null=place, says=says, **flags)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("answer", Answer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
