"""Figures of the chapters on applications."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from lmstudy.study.comparison_figures import curves_with_intervals
from lmstudy.study.records import Record
from lmstudy.study.task_arms import Tuned
from lmstudy.study.task_chapter import Score, baseline_lines, curves


def learning(arms: Tuned, score: Score, baselines: Record | None = None, names: Sequence[str] = ()) -> Figure:
    """A score by the number of training examples, a curve a start that has several, and baselines across."""
    found = {name: points for name, points in curves(arms, score).items() if len(points) > 1}
    lines = baseline_lines(baselines, score, names) if baselines else {}
    return curves_with_intervals(found, "training examples", score.label, log_x=True, lines=lines)
