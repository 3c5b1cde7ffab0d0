"""A Sphinx extension that shows claims: numbers in chapters come from the records, never from typing.

In `_config.yml`, add `lmstudy.publishing.sphinx_claims` to `sphinx.extra_extensions`; then

    {claim}`first.below_kneser_ney`            value and unit; interval, n, sentence and outcome open beside it
    {claim}`first.below_kneser_ney|size`       without its sign, where the sentence says the direction: "saves"
    {claim}`first.below_kneser_ney|more`       of bits: without their sign, and whether they are more or fewer
    {claim}`privacy.rewriting_vs_mle|fewer`    of a ratio below 1: how many times fewer
    {claim}`first.below_kneser_ney|value`      the number alone
    {claim}`first.below_kneser_ney|interval`   the interval alone
    ```{claims-list}
    ```                                        exploratory claims by chapter, each a link target of the above
    ```{predictions-list}
    ```                                        what the register holds, in the same way, failures first
    ```{rewritten-table}
    ```                                        claims that were reworded before there was a register
    ```{coverage-table}
    ```                                        how often intervals hold the truth, from the newest record of that
    ```{verification-table}
    ```                                        records made again, from the newest record of that
    {claims-tally}`confirmatory`               how many claims of a kind there are, and what came of them
    {core-hours}`all`                          what the published records took

An unknown id, missing records, a claim whose chapter says otherwise than its records, or one that was revised after
it was registered is a warning, and fails a build run with `-W`.
The records are read from the folder `claims_records`, a configuration value relative to the configuration.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml
from docutils import nodes
from docutils.nodes import Element, Node, make_id
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from lmstudy.errors import StudyError
from lmstudy.publishing.known_claims import kept_results
from lmstudy.runs.records import Record, load_folder
from lmstudy.show.claims import ORDER, folded_records, outcome, outcome_filter, problem, sure, tally, text
from lmstudy.show.numbers import number, percent, unbroken
from lmstudy.show.phrases import phrase, retold, said
from lmstudy.study.claims import ClaimResult, Kind, evaluate_claims
from lmstudy.study.cost import hours_by_kind

logger = logging.getLogger(__name__)


class claim_number(nodes.inline):  # noqa: N801 - docutils names a node's visitor after its class
    """A claim's number in a sentence, and what opens beside it when it is pointed at, focused or tapped."""


class ClaimRole(SphinxRole):
    """`` {claim}`id` ``, or of its variants (see `lmstudy.show.claims.text`) one, as in `` {claim}`id|size` ``."""

    def run(self) -> tuple[list[Node], list[nodes.system_message]]:
        claim_id, _, variant = self.text.partition("|")
        try:
            results = results_for(self.env)
            if claim_id.strip() not in results:
                raise StudyError(f"no claim {claim_id.strip()!r}; there are {', '.join(results)}")
            result = results[claim_id.strip()]
            shown = said(result.outcome) if result.error is not None else text(result, variant.strip() or "short")
        except StudyError as error:
            warn(str(error), self.get_location())
            return [nodes.inline(self.rawtext, self.text, classes=["claim", "claim-unknown"])], []
        _warn_if_it_fails(result, self.get_location())
        target = {"refdomain": "std", "reftype": "ref", "refexplicit": True, "refdoc": self.env.docname}
        link = pending_xref("", nodes.inline("", said("The claim")), reftarget=_anchor(result.id), **target)
        came = outcome(result)
        opened = [
            nodes.inline("", sure(result, variant.strip()), classes=["claim-interval"]),
            nodes.inline("", f" {retold(result.claim.sentence)} ", classes=["claim-sentence"]),
            nodes.inline("", came.capitalize(), classes=["claim-outcome", f"claim-{result.outcome.split()[0]}"]),
            nodes.inline("", " "),
            link,
        ]
        number = claim_number(self.rawtext, "", classes=["claim"])
        number += nodes.inline("", unbroken(shown), classes=["claim-number"])
        number += nodes.inline("", "", *opened, classes=["claim-more"])
        return [number], []


class TallyRole(SphinxRole):
    """`` {claims-tally}`exploratory` ``: how many claims of a kind there are, and what came of them."""

    def run(self) -> tuple[list[Node], list[nodes.system_message]]:
        own = [result for result in results_for(self.env).values() if str(result.kind) == self.text.strip()]
        counts = Counter(result.outcome for result in own)
        return [nodes.inline(self.rawtext, said("{0}: {1}", len(own), tally(counts)) if own else said("none"))], []


class CoreHoursRole(SphinxRole):
    """`` {core-hours}`all` ``, or of a kind of record: hours of one core behind what is published."""

    def run(self) -> tuple[list[Node], list[nodes.system_message]]:
        hours = hours_by_kind(_records(_folder(self.env)))
        kind = self.text.strip()
        if kind not in ("all", *hours):
            warn(f"core-hours: {kind!r} is neither all nor one of {', '.join(sorted(hours))}", self.get_location())
            return [nodes.inline(self.rawtext, self.text)], []
        told = sum(hours.values()) if kind == "all" else hours[kind]
        return [nodes.inline(self.rawtext, number(told, 2))], []


class ClaimsList(SphinxDirective):
    """Cards of all exploratory claims, by chapter; a filter stands above them."""

    def run(self) -> list[Node]:
        try:
            chosen = self.chosen(list(results_for(self.env).values()))
        except StudyError as error:
            warn(str(error), self.get_location())
            return []
        return self.arranged(chosen)

    def chosen(self, results: list[ClaimResult]) -> list[ClaimResult]:
        """Those that are listed."""
        return [one for one in results if one.claim.registered is None]

    def arranged(self, results: list[ClaimResult]) -> list[Node]:
        """Their nodes, in the order of the page."""
        found: list[Node] = [nodes.raw("", outcome_filter(), format="html")]
        failing = [one.claim.chapter for one in results if str(one.outcome) == "fails"]
        for chapter in dict.fromkeys([*failing, *(one.claim.chapter for one in results)]):
            own = [one for one in results if one.claim.chapter == chapter]
            own.sort(key=lambda one: ORDER.index(str(one.outcome)) if str(one.outcome) in ORDER else len(ORDER))
            title = self._page(chapter)
            counts = Counter(str(one.outcome) for one in own)
            summary = nodes.inline("", f" {tally(counts)}")
            group = nodes.container(classes=["claims-chapter"])
            group += nodes.paragraph("", "", title, summary, classes=["claims-chapter-title"])
            group += [self.card(one) for one in own]
            found.append(group)
        return found

    def _page(self, chapter: str) -> Node:
        if chapter not in self.env.found_docs:
            return nodes.strong("", chapter)
        target = {"refdomain": "std", "reftype": "doc", "refexplicit": False, "refdoc": self.env.docname}
        return pending_xref("", nodes.strong("", chapter), reftarget=f"/{chapter}", **target)

    def card(self, result: ClaimResult) -> nodes.container:
        """The sentence with its verdict, then the number and how sure it is, then where it comes from."""
        _warn_if_it_fails(result, self.get_location())
        kind = f"claim-{result.outcome.split()[0]}"
        card = nodes.container(classes=["claim-card", kind])
        word = said(result.outcome)
        chip = nodes.inline("", word, classes=["claim-chip", kind])
        card += nodes.paragraph("", "", chip, nodes.Text(f" {retold(result.claim.sentence)}"))
        if result.error is None:
            more = outcome(result).removeprefix(word).strip(" :;()：；（）")
            told = " " + (said("{0} ({1})", sure(result), more) if more else sure(result))
            number = nodes.strong("", unbroken(text(result, "short")))
            card += nodes.paragraph("", "", number, nodes.Text(told), classes=["claim-card-number"])
        else:
            card += nodes.paragraph("", _lacking(result.error), classes=["claim-card-number"])
        card += nodes.paragraph("", self.origin(result), classes=["claim-card-origin"])
        if result.records:
            card += nodes.raw("", folded_records(result), format="html")
        anchor = _anchor(result.id)
        card["ids"].append(anchor)
        standard = cast(StandardDomain, self.env.get_domain("std"))
        standard.note_hyperlink_target(anchor, self.env.docname, anchor)
        return card

    def origin(self, result: ClaimResult) -> str:
        """What stands small below: its name."""
        return result.id


class PredictionsList(ClaimsList):
    """Cards of all predictions of the register, failures first."""

    def chosen(self, results: list[ClaimResult]) -> list[ClaimResult]:
        """Those that are listed."""
        return [one for one in results if one.claim.registered is not None]

    def arranged(self, results: list[ClaimResult]) -> list[Node]:
        """Their nodes, in the order of the page."""
        results.sort(key=lambda one: (one.error is not None, ORDER.index(one.verdict), one.id))
        return [self.card(one) for one in results]

    def origin(self, result: ClaimResult) -> str:
        """Its name, when it was registered, and the hash that claims refer to it by."""
        entry = result.claim.registered
        assert entry is not None
        when = f"{entry.registered[:10]} {entry.registered[11:16]} UTC"
        return said("{0} · registered {1}, {2}", result.id, when, entry.prediction.hash)


class EvidenceTable(SphinxDirective):
    """A table of what claims rest on."""

    headings: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()

    def run(self) -> list[Node]:
        try:
            rows = self.rows()
        except StudyError as error:
            warn(str(error), self.get_location())
            return []
        columns = [nodes.colspec(colwidth=width) for width in self.widths]
        body = nodes.tbody("", *rows)
        headings = tuple(map(said, self.headings))
        group = nodes.tgroup("", *columns, nodes.thead("", _row(headings)), body, cols=len(headings))
        return [nodes.table("", group, classes=["claims", "colwidths-given"])] if rows else []

    def rows(self) -> list[nodes.row]:
        """Of the body."""
        raise NotImplementedError


class RecordTable(EvidenceTable):
    """A table of the newest record of a kind; without one, nothing."""

    kind = ""

    def rows(self) -> list[nodes.row]:
        """Of the body."""
        own = [record for record in _records(_folder(self.env)) if record.kind == self.kind]
        return self.rows_of(max(own, key=lambda record: record.started)) if own else []

    def rows_of(self, record: Record) -> list[nodes.row]:
        """Of the body, from the record."""
        raise NotImplementedError


class CoverageTable(RecordTable):
    """How often intervals held the truth in simulated studies."""

    kind = "coverage"
    headings = (phrase("Interval"), phrase("n"), phrase("Simulated studies"), phrase("Held the truth"))
    widths = (5, 1, 2, 2)

    def rows_of(self, record: Record) -> list[nodes.row]:
        """Of the body, from the record."""
        told: Any = record.samples
        return [
            _row(
                (
                    retold(one["name"]),
                    str(one["seeds"]),
                    str(one["draws"]),
                    percent(one["held"] / one["draws"], decimals=1),
                )
            )
            for one in told
        ]


class VerificationTable(RecordTable):
    """The records that were made again last, and whether they agreed."""

    kind = "verification"
    headings = (
        *(phrase("Record"), phrase("Kind"), phrase("Numbers"), phrase("Farthest off")),
        *(phrase("Published"), phrase("Made again"), phrase("Outcome")),
    )
    widths = (5, 2, 1, 3, 2, 2, 2)

    def rows_of(self, record: Record) -> list[nodes.row]:
        """Of the body, from the record."""
        told: Any = record.samples
        return [
            _row(
                (one["name"], retold(one["kind"]), str(one["numbers"]), one["worst"] or "-",
                 *("-" if one[key] is None else number(one[key], decimals=4) for key in ("published", "again")),
                 one["problem"] or retold(one["verdict"]))
            )
            for one in told
        ]  # fmt: skip


class RewrittenTable(EvidenceTable):
    """The table of claims that were reworded after their records were seen, before there was a register."""

    headings = (
        *(phrase("Claim"), phrase("It said"), phrase("Then")),
        *(phrase("It became"), phrase("When"), phrase("Why")),
    )
    widths = (2, 5, 2, 5, 2, 4)

    def rows(self) -> list[nodes.row]:
        """Of the body."""
        place = Path(self.env.app.confdir) / "rewritten.yaml"
        told = yaml.safe_load(place.read_text(encoding="utf-8"))
        keys = ("id", "said", "first", "became", "changed", "why")
        words = ("said", "became", "why")
        return [_row(tuple(retold(one[key]) if key in words else one[key] for key in keys)) for one in told]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role and the directive; pages that show claims are read again in every build."""
    app.add_config_value("claims_records", "records", "env", types=(str,))
    app.add_node(claim_number, html=(_visit_html, _depart_html))
    app.add_role("claim", ClaimRole())
    app.add_role("claims-tally", TallyRole())
    app.add_role("core-hours", CoreHoursRole())
    app.add_directive("claims-list", ClaimsList)
    app.add_directive("predictions-list", PredictionsList)
    app.add_directive("rewritten-table", RewrittenTable)
    app.add_directive("coverage-table", CoverageTable)
    app.add_directive("verification-table", VerificationTable)
    app.connect("builder-inited", _forget)
    # Their numbers may have changed with no change to the page, and a warning is given only where a page is read.
    app.connect("env-get-outdated", lambda app, env, *_: sorted(_pages(env)))
    app.connect("env-purge-doc", lambda app, env, page: _pages(env).discard(page))
    app.connect("env-merge-info", lambda app, env, pages, other: _pages(env).update(_pages(other) & pages))
    app.connect("missing-reference", _unlinked)
    return {"version": "2", "env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}


def _forget(app: Sphinx) -> None:
    _records.cache_clear()
    _read.cache_clear()


@lru_cache(maxsize=1)
def _records(folder: Path) -> list[Record]:
    """All of a folder, read once a build."""
    return load_folder(folder)


def _folder(env: BuildEnvironment) -> Path:
    return (Path(env.app.confdir) / env.config.claims_records).resolve()  # another edition has a link to it


@lru_cache(maxsize=1)
def _read(folder: Path) -> dict[str, ClaimResult]:
    known = kept_results(folder.parents[1]) if folder.parts[-2:] == ("book", "records") else None
    results = evaluate_claims(_records(folder)) if known is None else known
    return {result.id: result for result in results}


def results_for(env: BuildEnvironment) -> dict[str, ClaimResult]:
    """All results, for the page being read."""
    _pages(env).add(env.docname)
    return _read(_folder(env))


def _pages(env: BuildEnvironment) -> set[str]:
    """The pages that show claims."""
    return cast(set[str], env.__dict__.setdefault("claim_pages", set()))


def warn(message: str, location: str) -> None:
    """A warning of something that a page says of claims."""
    logger.warning(message, location=location, type="claims")


def _warn_if_it_fails(result: ClaimResult, location: str) -> None:
    if result.fails:
        warn(f"claim {result.id}: {problem(result)}", location)
    elif result.kind is Kind.REVISED:
        warn(f"claim {result.id}: {outcome(result)}: register a new prediction instead", location)


def _unlinked(app: Sphinx, env: BuildEnvironment, node: pending_xref, inner: Element) -> Element | None:
    """Without a table of claims in the book, a claim is shown with no link."""
    return inner if str(node.get("reftarget", "")).startswith("claim-") else None


def _anchor(claim_id: str) -> str:
    return make_id(f"claim-{claim_id}")


def _lacking(error: str) -> str:
    what = error.removeprefix("no records of ")
    return error if what == error else said("no records of {0}", what)


def _row(cells: tuple[str, ...]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


def _visit_html(self: Any, node: claim_number) -> None:
    self.body.append(self.starttag(node, "span", "", tabindex="0"))


def _depart_html(self: Any, node: claim_number) -> None:
    self.body.append("</span>")
