"""A Sphinx extension that shows claims: numbers in chapters come from the records, never from typing.

In `_config.yml`, add `lmstudy.publishing.sphinx_claims` to `sphinx.extra_extensions`; then

    {claim}`first.below_kneser_ney`            value, unit, interval and n
    {claim}`first.below_kneser_ney|value`      the number alone
    {claim}`first.below_kneser_ney|interval`   the interval alone
    ```{claims-table}
    ```                                        all claims, each a link target of the above

An unknown id, missing records, or a claim that does not hold is a warning, and fails a build run with `-W`.
The records are read from the folder `claims_records`, a configuration value relative to the configuration.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from docutils import nodes
from docutils.nodes import Element, Node, make_id
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from lmstudy.errors import StudyError
from lmstudy.runs.records import load_folder
from lmstudy.show.claims import problem, text
from lmstudy.study.claims import ClaimResult, evaluate_claims

logger = logging.getLogger(__name__)
ALL = "*"  # what the table shows: which claims there are
HEADINGS = ("Claim", "Sentence", "Estimate", "Interval", "n", "Holds")


class claim_number(nodes.inline):  # noqa: N801 - docutils names a node's visitor after its class
    """A claim's number in a sentence; `sentence` is what it supports."""


class ClaimRole(SphinxRole):
    """`` {claim}`id` ``, `` {claim}`id|value` `` or `` {claim}`id|interval` ``."""

    def run(self) -> tuple[list[Node], list[nodes.system_message]]:
        claim_id, _, variant = self.text.partition("|")
        try:
            result = _result(self.env, claim_id.strip())
            _note_use(self.env, result)
            shown = result.outcome if result.error is not None else text(result, variant.strip() or "full")
        except StudyError as error:
            _warn(self.env, str(error), self.get_location())
            return [nodes.inline(self.rawtext, self.text, classes=["claim", "claim-unknown"])], []
        if result.fails:
            _warn(self.env, f"claim {result.id}: {problem(result)}", self.get_location())
        number = claim_number(self.rawtext, classes=["claim"])
        number["sentence"] = result.claim.sentence + ("" if result.holds else " (does not hold)")
        link = pending_xref(
            "",
            nodes.inline("", shown),
            refdomain="std",
            reftype="ref",
            refexplicit=True,
            reftarget=_anchor(result.id),
            refdoc=self.env.docname,
        )
        number += link
        return [number], []


class ClaimsTable(SphinxDirective):
    """The table of all claims."""

    def run(self) -> list[Node]:
        table = nodes.table(classes=["claims"])
        group = nodes.tgroup(cols=len(HEADINGS))
        table += group
        group += [nodes.colspec(colwidth=width) for width in (3, 8, 2, 3, 1, 2)]
        group += nodes.thead("", _row(HEADINGS))
        body = nodes.tbody()
        group += body
        try:
            results = _results(self.env)
        except StudyError as error:
            _warn(self.env, str(error), self.get_location())
            return []
        _uses(self.env).setdefault(self.env.docname, {})[ALL] = repr(list(results))
        for result in results.values():
            _note_use(self.env, result)
            if result.fails:
                _warn(self.env, f"claim {result.id}: {problem(result)}", self.get_location())
            body += self._claim_row(result)
        return [table]

    def _claim_row(self, result: ClaimResult) -> nodes.row:
        known = result.error is None
        estimate = f"{text(result, 'value')} {result.claim.unit}" if known else "-"
        interval, n = (text(result, "interval"), str(result.estimate.n)) if known else ("-", "-")
        row = _row((result.id, result.claim.sentence, estimate, interval, n, result.outcome))
        anchor = _anchor(result.id)
        row["ids"].append(anchor)
        standard = cast(StandardDomain, self.env.get_domain("std"))
        standard.note_hyperlink_target(anchor, self.env.docname, anchor)
        return row


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role, the directive and what makes a page be read again when its numbers change."""
    app.add_config_value("claims_records", "records", "env", types=(str,))
    app.add_node(claim_number, html=(_visit_html, _depart_html))
    app.add_role("claim", ClaimRole())
    app.add_directive("claims-table", ClaimsTable)
    app.connect("builder-inited", lambda app: _read.cache_clear())
    app.connect("env-get-outdated", _outdated)
    app.connect("env-purge-doc", lambda app, env, doc: _uses(env).pop(doc, None))
    app.connect("env-merge-info", _merge)
    app.connect("missing-reference", _unlinked)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}


@lru_cache(maxsize=1)
def _read(folder: Path) -> dict[str, ClaimResult]:
    return {result.id: result for result in evaluate_claims(load_folder(folder))}


def _folder(env: BuildEnvironment) -> Path:
    return Path(env.app.confdir) / env.config.claims_records


def _results(env: BuildEnvironment) -> dict[str, ClaimResult]:
    """All results, for the page being read, which from now on depends on every record."""
    folder = _folder(env)
    for path in sorted(folder.glob("*.json")):
        env.note_dependency(str(path.resolve()))
    return _read(folder)


def _result(env: BuildEnvironment, claim_id: str) -> ClaimResult:
    results = _results(env)
    if claim_id not in results:
        raise StudyError(f"no claim {claim_id!r}; there are {', '.join(results)}")
    return results[claim_id]


def _uses(env: BuildEnvironment) -> dict[str, dict[str, str | None]]:
    """By page and claim, what was shown; None where it was a warning, which every build must repeat."""
    return cast(dict[str, dict[str, str | None]], env.__dict__.setdefault("claim_uses", {}))


def _note_use(env: BuildEnvironment, result: ClaimResult) -> None:
    _uses(env).setdefault(env.docname, {})[result.id] = None if result.fails else repr(result)


def _warn(env: BuildEnvironment, message: str, location: str) -> None:
    _uses(env).setdefault(env.docname, {})[""] = None
    logger.warning(message, location=location, type="claims")


def _outdated(app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
    """Pages whose claims come out differently now (a record or a claim is new), or that warned before."""
    if not _uses(env):
        return []
    try:
        results = _read(_folder(env))
    except StudyError:
        results = {}
    now = {claim_id: repr(result) for claim_id, result in results.items()} | {ALL: repr(list(results))}
    return [
        page
        for page, shown in _uses(env).items()
        if any(text is None or text != now.get(claim_id) for claim_id, text in shown.items())
    ]


def _merge(app: Sphinx, env: BuildEnvironment, pages: set[str], other: BuildEnvironment) -> None:
    _uses(env).update({page: shown for page, shown in _uses(other).items() if page in pages})


def _unlinked(app: Sphinx, env: BuildEnvironment, node: pending_xref, inner: Element) -> Element | None:
    """Without a table of claims in the book, a claim is shown with no link."""
    return inner if str(node.get("reftarget", "")).startswith("claim-") else None


def _anchor(claim_id: str) -> str:
    return make_id(f"claim-{claim_id}")


def _row(cells: tuple[str, ...]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


def _visit_html(self: Any, node: claim_number) -> None:
    self.body.append(self.starttag(node, "span", "", title=node["sentence"]))


def _depart_html(self: Any, node: claim_number) -> None:
    self.body.append("</span>")
