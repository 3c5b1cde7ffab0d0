"""Samples of several models side by side, as HTML, with what is minded marked."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lmstudy.chapters.results.results import CONDITIONAL, REFERENCE, Results
from lmstudy.runs.records import Record

LONGEST = 360
"""Characters shown of a text; the segment in which they end is the last."""
MARK = "background: rgba(213, 94, 0, 0.18); color: inherit; border-bottom: 2px solid #D55E00; padding: 0;"
CELL = "vertical-align: top; padding: 0.5em 0.7em 0.8em 0; text-align: left; width: {width}%;"
CODE = "white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.72rem; font-family: monospace; line-height: 1.35;"
PROSE = "white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9rem; line-height: 1.4;"


def columns(results: Results) -> dict[str, Record]:
    """What is shown side by side, one run of each: of the lowest seed that all of them have."""
    found = {
        REFERENCE: results.judged.get(REFERENCE, []),
        "conditional, asked for good": results.judged.get(CONDITIONAL, []),
    }
    if results.bad:
        found["conditional, asked for bad"] = results.bad
    found = {name: records for name, records in found.items() if records}
    shared = set.intersection(*({record.seed for record in records} for records in found.values())) if found else set()
    if not shared:
        return {}
    seed = min(shared, key=str)
    return {name: next(record for record in records if record.seed == seed) for name, records in found.items()}


def side_by_side(results: Results, count: int = 3) -> str:
    """A table: a column a model, its first `count` texts from nothing as its record keeps them (masked, if so).

    A segment that scores worse than the scorer's threshold is marked; of ratings, which every text has, the number is
    shown instead.
    """
    shown = columns(results)
    if not shown:
        return "<p>No two of these models have a seed in common.</p>"
    texts = {name: _texts(record, count) for name, record in shown.items()}
    width = 100 // len(shown)
    rows = [
        "".join(
            _cell(_text(own[row], results, record), width)
            for own, record in zip(texts.values(), shown.values(), strict=True)
        )
        for row in range(min(map(len, texts.values())))
    ]
    head = "".join(f'<th style="{CELL.format(width=width)}">{html.escape(name)}</th>' for name in shown)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    title = html.escape(results.title)
    return (
        f'<div style="overflow-x: auto"><p><strong>{title}</strong></p><table style="width: 100%; table-layout: fixed; '
        f'min-width: 36rem;"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(content: str, width: int) -> str:
    return f'<td style="{CELL.format(width=width)}">{content}</td>'


def _texts(record: Record, count: int) -> list[Mapping[str, Any]]:
    samples: Sequence[Any] = record.samples
    return [sample for sample in samples if sample["of"] == "unprompted"][:count]


def threshold(record: Record) -> float:
    """Of the training scorer, as the measurement says."""
    config: Any = record.config
    return float(config["measure"]["scorers"]["training"].get("threshold", 0.0))


def _text(sample: Mapping[str, Any], results: Results, record: Record) -> str:
    style = CODE if results.counted else PROSE
    parts, written = [], 0
    for segment, score in zip(sample["segments"], sample["scores"], strict=True):
        shown = html.escape(segment, quote=False)
        bad = results.counted and score is not None and score > threshold(record)
        parts.append(f'<mark style="{MARK}">{_line(shown)}' if bad else shown)
        written += len(segment)
        if written >= LONGEST:
            parts.append("…")
            break
    rating = "" if results.counted else _rating(sample["scores"])
    return f'<div style="{style}">{"".join(parts)}</div>{rating}'


def _line(shown: str) -> str:
    """The end of a mark stands before the end of its line."""
    text = shown.rstrip("\n")
    return f"{text or ' '}</mark>{shown[len(text) :]}"


def _rating(scores: Sequence[float | None]) -> str:
    known = [score for score in scores if score is not None and math.isfinite(score)]
    if not known:
        return ""
    return f'<div style="font-size: 0.8rem; opacity: 0.75">predicted rating {-sum(known) / len(known):+.1f}</div>'
