"""Figures of the chapter on objectives: pulls on single tokens, schedules, guidance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.chapters.objectives.toy import DOCUMENTS, Effect
from lmstudy.preferences.objectives.base import Objective
from lmstudy.runs.phases import own_steps
from lmstudy.show.curves import curves
from lmstudy.show.numbers import number
from lmstudy.show.style import COLOURS, GREY

UP, DOWN = COLOURS[0], COLOURS[1]
ROOM = 0.45
"""For a number beside a bar, on the scale of the bars."""


def pulls(all_effects: Mapping[str, Sequence[Effect]]) -> Figure:
    """What a step adds to the logit of each token that came, a panel an objective; control tokens hatched."""
    limits = [_limits(effects) for effects in all_effects.values()]
    heights = [high - low for low, high in limits]
    figure, grid = plt.subplots(
        len(all_effects), 1, figsize=(7.2, 0.5 * sum(heights) + 0.6), sharex=True, height_ratios=heights
    )
    for axes, (name, effects), limit in zip(grid, all_effects.items(), limits, strict=True):
        _pulls(axes, effects)
        axes.set_ylim(limit)  # heights are in proportion, so that all bars have one scale
        axes.set_title(name, fontsize=9.5, pad=1)
    tokens = [token.replace(" ", "␣") for line in DOCUMENTS[0] for token in line]
    grid[-1].set_xticks(range(len(tokens)), tokens)
    grid[-1].tick_params(axis="x", length=0, labelsize=10)
    grid[-1].set_xlim(-0.9, len(tokens) - 0.4)
    figure.supylabel("added to the logit of the token, − dL / dz", fontsize=9.5)
    middle = len(DOCUMENTS[0][0])
    for x, text in ((middle / 2 - 0.5, "good line"), (1.5 * middle - 0.5, "bad line")):
        grid[0].annotate(text, (x, 1), (0, 10), xycoords=("data", "axes fraction"), textcoords="offset points",
                         ha="center", color=GREY, fontsize=9.5)  # fmt: skip
    return figure


def _limits(effects: Sequence[Effect]) -> tuple[float, float]:
    """Of the axis of an objective: its bars, and room for their numbers."""
    pulls = [one.pull for one in effects]
    lowest, highest = min(pulls, default=0.0), max(pulls, default=0.0)
    return min(lowest - ROOM, -0.05) if lowest < 0 else -0.05, highest + ROOM


def _pulls(axes: Axes, effects: Sequence[Effect]) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    if effects:
        axes.axvline(len(DOCUMENTS[0][0]) - 0.72, color=GREY, linewidth=0.8, linestyle=":")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="both", length=0, labelsize=8)
    axes.set_yticks([])
    for one in effects:
        control = one.place % 1 != 0
        colour = UP if one.pull > 0 else DOWN
        width = 0.22 if control else 0.5
        style = {"facecolor": "white", "edgecolor": colour, "hatch": "////"} if control else {"color": colour}
        axes.bar(one.place, one.pull, width=width, **style)  # type: ignore[arg-type]
        up = one.pull >= 0
        text = "0" if abs(one.pull) < 0.005 else number(one.pull, decimals=2, signed=True)
        axes.annotate(text, (one.place, one.pull), (0, 2 if up else -2), textcoords="offset points", ha="center",
                      va="bottom" if up else "top", fontsize=7.5, color=GREY if text == "0" else colour)  # fmt: skip
    if not effects:
        axes.text(3.5, 0, "the document is dropped", ha="center", va="bottom", color=GREY, fontsize=8.5)


def schedule(settings: Mapping[str, Objective], steps: int) -> Figure:
    """When an objective is at work, and when training is maximum likelihood on plain documents."""
    figure, axes = plt.subplots(figsize=(7.2, 0.36 * len(settings) + 1.0))
    for y, objective in enumerate(settings.values()):
        begin, end = own_steps(objective, steps)
        axes.barh(y, steps, color=GREY, alpha=0.25, height=0.6)
        if begin < end:
            axes.barh(y, end - begin, left=begin, color=COLOURS[0], height=0.6)
            axes.text((begin + end) / 2, y, "control tokens", color="white", ha="center", va="center", fontsize=8.5)
        for low, high in ((0, begin), (end, steps)) if begin < end else ((0, steps),):
            if high - low > 0.15 * steps:
                axes.text((low + high) / 2, y, "plain", ha="center", va="center", fontsize=8.5, color="#444444")
    axes.set(yticks=range(len(settings)), yticklabels=list(settings), xlim=(0, steps), xlabel="step")
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.spines["left"].set_visible(False)
    return figure


def guidance(chances: pd.DataFrame) -> Figure:
    """[tokens, strengths] chances of the next token against the strength of guidance."""
    figure = curves(chances.T.to_dict(), "strength of guidance", "probability of the next token", top=1)
    axes = figure.axes[0]
    for strength, text in ((0, "bad"), (1, "good")):
        axes.axvline(strength, color=GREY, linewidth=1, linestyle="--", zorder=0)
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": (3, -2), "va": "top"}
        axes.annotate(
            f"{text} control token", (strength, 1), color=GREY, **place, textcoords="offset points", fontsize=8.5
        )
    return figure
