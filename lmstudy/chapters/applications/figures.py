"""Figures of the chapters on applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lmstudy.chapters.applications.scores import OBJECTIVES, Score, curves, estimate
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.curves import MARKERS, curves_with_intervals
from lmstudy.show.style import COLOURS, GREY
from lmstudy.study.applications import MLE, SCRATCH, Tuned


def learning(arms: Tuned, score: Score, baselines: Sequence[Record] = (), names: Sequence[str] = ()) -> Figure:
    """A score by the number of training examples: a curve from scratch and from maximum likelihood, and one a baseline
    of `names`.

    Args:
        arms: fine-tunings.
        score: which.
        baselines: records of baselines, one for each number of examples.
        names: those that are drawn.
    """
    found = curves({arm: records for arm, records in arms.items() if arm.start in (SCRATCH, MLE)}, score)
    for name in names:
        found[name] = {r.metrics["train/examples"]: estimate([r], score, name) for r in baselines}
    return curves_with_intervals(found, "training examples", score.label, log_x=True)


Groups = Mapping[str, Mapping[str, Estimate]]
"""Differences by a group, which has a colour, and by the name of a row."""


def differences(by_title: Mapping[str, Groups], xlabel: str, columns: int = 1) -> Figure:
    """A panel a title: a row a name, in it a point with its interval for each group, and a line at zero.

    Objectives stand in the order of the study, other names in that in which they come; all panels have one scale.
    """
    found_names = dict.fromkeys(name for groups in by_title.values() for own in groups.values() for name in own)
    names = [*(n for n in OBJECTIVES if n in found_names), *(n for n in found_names if n not in OBJECTIVES)]
    kinds = list(dict.fromkeys(kind for groups in by_title.values() for kind in groups))
    down = -(-len(by_title) // columns)
    size = (7.2 if columns == 1 else 3.6 * columns, down * (0.42 * len(names) + 1.0))
    figure, panels = plt.subplots(
        down, columns, figsize=size, squeeze=False, sharex=True, sharey=True, layout="constrained"
    )
    for axes, (title, groups) in zip(panels.flat, by_title.items(), strict=False):
        axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
        for kind, found in groups.items():
            number = kinds.index(kind)
            colour, shift = COLOURS[number % len(COLOURS)], 0.3 * (number - (len(kinds) - 1) / 2)
            for name, e in found.items():
                y = names.index(name) + shift
                axes.plot([e.low, e.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
                axes.plot(e.value, y, MARKERS[number % len(MARKERS)], color=colour, markersize=5.5)
            axes.plot([], [], color=colour, marker=MARKERS[number % len(MARKERS)], label=kind)
        axes.set(title=title, yticks=range(len(names)), yticklabels=names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
    for number in range(len(by_title), panels.size):
        panels.flat[number].set_visible(False)
        panels.flat[number - columns].tick_params(labelbottom=True)
    figure.supxlabel(xlabel, fontsize="medium")
    if len(kinds) > 1:
        figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(kinds))
    return figure
