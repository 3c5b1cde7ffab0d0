"""Figures and samples of the chapter on preferences in Chinese, and across languages."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.chapters.chinese_preferences.chinese_preferences import MLE, PROMPTED, UNPROMPTED, Labelled, level
from lmstudy.chapters.chinese_preferences.glosses import GLOSSES
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.style import COLOURS, GREY

LONGEST = 90
"""Characters shown of a text."""
CELL = "vertical-align: top; text-align: left; padding: 0.4em 0.8em 0.6em 0; overflow-wrap: anywhere; width: {}%;"
SMALL = "font-size: 0.8rem; opacity: 0.8;"


def levels(labels: Labelled) -> Figure:
    """How negative texts are, by what is asked: from nothing, and behind beginnings of reviews; people as a line."""
    figure, axes = plt.subplots(figsize=(7.2, 0.62 * len(labels.judged) + 1.1))
    places = {"from nothing": (UNPROMPTED, -0.13, "o"), "behind beginnings": (PROMPTED, 0.13, "s")}
    for number, (shown, (key, shift, marker)) in enumerate(places.items()):
        for y, records in enumerate(labels.judged.values()):
            _point(axes, level(records, key), y + shift, COLOURS[number], marker)
        axes.plot([], [], marker, color=COLOURS[number], label=shown)
    people = level(labels.judged[MLE][:1], "people/training").value
    axes.axvline(people, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.text(people, -0.62, "people's reviews", color=GREY, fontsize=8.5, va="bottom", ha="center")
    axes.set(yticks=range(len(labels.judged)), yticklabels=list(labels.judged))
    axes.set_xlabel("per cent negative, as the grader tells (95 % intervals)")
    axes.set_ylim(len(labels.judged) - 0.5, -0.65)
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, loc="lower left", fontsize=8.5)
    return figure


def effects(english: Mapping[str, Estimate], chinese: Mapping[str, Estimate]) -> Figure:
    """What the control token does behind English and behind Chinese beginnings, each in the unit of its grader."""
    heights = (len(english), len(chinese))
    figure, panels = plt.subplots(2, 1, figsize=(7.2, 0.42 * sum(heights) + 2.2), height_ratios=heights)
    titles = {
        "Behind English beginnings": ("rating (-4 to 4): good token minus bad token", english),
        "Behind Chinese beginnings": ("per cent negative: bad token minus good token (95 % intervals)", chinese),
    }
    for axes, (title, (label, found)) in zip(panels, titles.items(), strict=True):
        for y, estimate in enumerate(found.values()):
            _point(axes, estimate, y, COLOURS[0], "o")
        axes.axvline(0, color=GREY, linewidth=1, linestyle="--", zorder=0)
        axes.set(yticks=range(len(found)), yticklabels=list(found), title=title, xlabel=label)
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
    return figure


def _point(axes: Axes, estimate: Estimate, y: float, colour: str, marker: str) -> None:
    axes.plot([estimate.low, estimate.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot(estimate.value, y, marker, color=colour, markersize=5.5)


def side_by_side(columns: Mapping[str, Record], count: int) -> str:
    """A table in HTML: the first texts from nothing of each record, with the grader's verdict and a gloss if known."""
    texts = {name: _unprompted(record)[:count] for name, record in columns.items()}
    shown = min(map(len, texts.values()))
    rows = [[_cell(*own[row]) for own in texts.values()] for row in range(shown)]
    return _table(list(columns), rows)


def continued(record: Record, count: int, skip: int = 0) -> str:
    """A table in HTML: beginnings, and what the model wrote behind each control token."""
    samples: Sequence[Any] = record.samples[skip : skip + count]
    rating = "rating" if record.config["measure"]["source"] != "snownlp" else "negative"  # type: ignore[index,call-overload]
    rows = [
        [
            _cell(sample["beginning"], None),
            *(_cell(sample[token]["written"], sample[token]["score"], rating) for token in ("good", "none", "bad")),
        ]
        for sample in samples
    ]
    return _table(["beginning", "good token", "no token", "bad token"], rows)


def _unprompted(record: Record) -> list[tuple[str, float | None]]:
    samples: Sequence[Any] = record.samples
    own = [sample for sample in samples if sample["of"] == "unprompted"]
    return [("".join(sample["segments"]), sample["scores"][0]) for sample in own]


def _cell(text: str, score: float | None, kind: str = "negative") -> str:
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    verdict = ""
    if score is not None:
        said = f"{100 * score:.0f} % negative" if kind == "negative" else f"predicted rating {-score:+.1f}"
        verdict = f'<div style="{SMALL}">{said}</div>'
    gloss = GLOSSES.get(text)
    meaning = f'<div style="{SMALL}"><em>{html.escape(gloss, quote=False)}</em></div>' if gloss else ""
    return f"<div>{html.escape(cut, quote=False) or '(nothing)'}</div>{meaning}{verdict}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    style = CELL.format(100 // len(head))
    top = "".join(f'<th style="{style}">{html.escape(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(f'<td style="{style}">{cell}</td>' for cell in row) + "</tr>" for row in rows)
    return (
        '<div style="overflow-x: auto"><table style="width: 100%; table-layout: fixed; min-width: 36rem;">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
