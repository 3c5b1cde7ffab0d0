"""Figures of the chapters on applications."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from lmstudy.study.comparison_figures import curves_with_intervals
from lmstudy.study.records import Record
from lmstudy.study.task_arms import Tuned
from lmstudy.study.task_chapter import Score, curves, estimate


def learning(arms: Tuned, score: Score, baselines: Sequence[Record] = (), names: Sequence[str] = ()) -> Figure:
    """A score by the number of training examples: a curve a start that has several, and one a baseline of `names`.

    Args:
        arms: fine-tunings.
        score: which.
        baselines: records of baselines, one for each number of examples.
        names: those that are drawn.
    """
    found = {name: points for name, points in curves(arms, score).items() if len(points) > 1}
    for name in names:
        found[name] = {r.metrics["train/examples"]: estimate([r], score, name) for r in baselines}
    return curves_with_intervals(found, "training examples", score.label, log_x=True)
