"""Curves: with bands for their intervals or a thin line a seed, their names at their ends, alone or in panels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.errors import StudyError
from lmstudy.runs.records import Record
from lmstudy.show.labels import label_ends, plain_axis
from lmstudy.show.numbers import Interval
from lmstudy.show.style import COLOURS, GREY, MARKERS

Curve = Mapping[float, Interval | float] | Sequence[Mapping[float, float]]
"""y by x: estimates, drawn with a band; plain numbers; or a curve a seed, drawn thin below their mean."""
FEW = 12
"""Points up to which each is marked."""


def curves(
    found: Mapping[str, Curve],
    xlabel: str,
    ylabel: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    from_zero: bool = False,
    top: float | None = None,
    baselines: Mapping[str, Interval | float] | None = None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """A curve a name, which stands at its end.

    Args:
        found: curves by name.
        xlabel: what x is, with its unit.
        ylabel: what y is, with its unit.
        log_x: a logarithmic axis, with ticks where the points are.
        log_y: a logarithmic axis; the mean of seeds is then that of logarithms.
        from_zero: the axis of y begins at zero.
        top: cuts off what lies above.
        baselines: dashed horizontal lines, named at their right ends, too; an estimate with a band.
        colours: by name; else the palette.
    """
    options: dict[str, Any] = {"log_x": log_x, "log_y": log_y, "from_zero": from_zero, "top": top, "colours": colours}
    return curve_panels({"": found}, xlabel, ylabel, baselines={"": baselines or {}}, **options)


def curve_panels(
    panels: Mapping[str, Mapping[str, Curve]],
    xlabel: str,
    ylabel: str | Mapping[str, str],
    *,
    columns: int = 1,
    log_x: bool = False,
    log_y: bool | Sequence[str] = False,
    from_zero: bool = False,
    top: float | None = None,
    baselines: Mapping[str, Mapping[str, Interval | float]] | None = None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """`curves` in a panel a title; each has a scale of its own, and the same name the same colour in all.

    Args:
        panels: curves by name, by title.
        xlabel: what x is, with its unit.
        ylabel: what y is; one for all, or one a title.
        columns: panels side by side; only the last names curves that all of a row have.
        log_x: as of `curves`.
        log_y: as of `curves`; or the titles of which it is true.
        from_zero: as of `curves`.
        top: as of `curves`.
        baselines: as of `curves`, by title.
        colours: as of `curves`.
    """
    names = list(dict.fromkeys(name for own in panels.values() for name in own))
    chosen = {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(names)} | dict(colours or {})
    markers = {name: MARKERS[k % len(MARKERS)] for k, name in enumerate(names)}
    titles, down = list(panels), -(-len(panels) // columns)
    figure, grid = plt.subplots(
        down, columns, figsize=(7.2, (3.6 if columns == 1 else 3.4) * down), squeeze=False, layout="constrained"
    )
    figure.get_layout_engine().set(hspace=0.05, h_pad=0.08)  # type: ignore[union-attr,call-arg]
    labelled = []
    for number, (title, own) in enumerate(panels.items()):
        axes = grid.flat[number]
        log = title in log_y if not isinstance(log_y, bool) else log_y
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel if isinstance(ylabel, str) else ylabel[title])
        axes.set(xscale="log" if log_x else "linear", yscale="log" if log else "linear")
        ends = {name: _draw(axes, curve, chosen[name], markers[name], log) for name, curve in own.items()}
        colour = dict(chosen)
        for name, line in ((baselines or {}).get(title) or {}).items():
            ends[name], colour[name] = _baseline(axes, line), chosen.get(name, GREY)
        xs = sorted({x for curve in own.values() for one in _rows(curve) for x in one})
        if log_x and len(xs) <= FEW:
            plain_axis(axes, "x", xs)
        axes.margins(x=0.015 if log_x or len(xs) <= FEW else 0)  # room for half a marker
        axes.set_ylim(0 if from_zero else None, top if top is not None and axes.get_ylim()[1] > top else None)
        if log:
            plain_axis(axes, "y")
        beside = titles[number - number % columns : number - number % columns + columns]
        if number % columns < len(beside) - 1 and all(set(panels[t]) == set(own) for t in beside):
            ends = {name: end for name, end in ends.items() if name not in own}
        labelled.append((axes, axes.get_xlim()[1], ends, colour))
    for number in range(len(titles), grid.size):
        grid.flat[number].set_visible(False)
    for _ in range(2):  # names take room, so that the axes have their size when they are placed once more
        for axes, last, ends, colour in labelled:
            for text in list(axes.texts):
                text.remove()
            label_ends(axes, last, ends, colour)
    return figure


def _rows(curve: Curve) -> list[Mapping[float, Any]]:
    return [curve] if isinstance(curve, Mapping) else list(curve)


def _draw(axes: Axes, curve: Curve, colour: str, marker: str, log: bool) -> float:
    """Draws a curve; returns its last finite value."""
    rows = _rows(curve)
    xs = sorted(set.intersection(*(set(row) for row in rows)))
    if not xs:
        raise StudyError(f"a curve of {len(rows)} seeds: they have no x in common, so that there is no mean")
    table = np.array([[float(getattr(row[x], "value", row[x])) for x in xs] for row in rows])
    if isinstance(curve, Mapping):
        low, high = ([float(getattr(curve[x], end, math.nan)) for x in xs] for end in ("low", "high"))
        if np.isfinite(low).any():
            axes.fill_between(xs, low, high, color=colour, alpha=0.18, linewidth=0)
    elif len(rows) > 1:
        for row in table:
            axes.plot(xs, row, color=colour, linewidth=0.6, alpha=0.5)
    mean = _mean(table, log)
    mark: dict[str, Any] = {"marker": marker, "markersize": 4.5} if len(xs) <= FEW else {}
    axes.plot(xs, mean, color=colour, linewidth=2.0, **mark)
    finite = mean[np.isfinite(mean)]
    return float(finite[-1]) if len(finite) else math.nan


def _mean(table: np.ndarray, log: bool) -> np.ndarray:
    """Of the finite values of each column; NaN where there is none."""
    if log:
        positive = np.where(table > 0, table, np.nan)
        return np.exp(_mean(np.log(positive), log=False))
    known = np.isfinite(table)
    return np.asarray(np.where(known, table, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan))


def _baseline(axes: Axes, line: Interval | float) -> float:
    value, low, high = (float(getattr(line, part, line)) for part in ("value", "low", "high"))  # type: ignore[arg-type]
    if low < high:
        axes.axhspan(low, high, color=GREY, alpha=0.18, linewidth=0)
    axes.axhline(value, color=GREY, linewidth=1, linestyle="--", zorder=0)
    return value


By = Literal["tokens", "step", "share"]
UNITS: Mapping[By, str] = {"tokens": "target tokens seen, millions", "step": "step", "share": "% of the training"}
"""What x is: the label of its axis."""


def seed_curves(
    arms: Mapping[str, Sequence[Record]], key: str, by: By = "tokens"
) -> dict[str, list[dict[float, float]]]:
    """What records measured while training, a curve a seed, as `curves` and `curve_panels` take it.

    Args:
        arms: records of several seeds by name.
        key: of `Record.curves`, as "valid/bits_per_byte"; a record without it gives no curve.
        by: x is in millions of target tokens, in steps, or in per cent of the training.
    """
    found: dict[str, list[dict[float, float]]] = {}
    for name, records in arms.items():
        for record in records:
            if key in record.curves:
                steps = np.array(record.curves[key]["step"], dtype=float)
                if by == "tokens":  # a step has a few tokens more or less by seed: x is that of the first
                    budget: Any = records[0].config["budget"]
                    steps *= records[0].metrics["train/tokens"] / budget["steps"] / 1e6
                elif by == "share":
                    steps *= 100 / steps[-1]
                curve = dict(zip(steps.round(6).tolist(), record.curves[key]["value"], strict=True))
                found.setdefault(name, []).append(curve)
    return found


def arm_curves(
    arms: Mapping[str, Sequence[Record]],
    ylabel: str,
    key: str = "valid/bits_per_byte",
    top: float | None = None,
    *,
    by: By = "tokens",
    log_y: bool = False,
    baselines: Mapping[str, Interval | float] | None = None,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """A metric over training: a thin line for each seed, a thick one for their mean; see `seed_curves` and `curves`."""
    found = seed_curves(arms, key, by)
    return curves(found, UNITS[by], ylabel, top=top, log_y=log_y, baselines=baselines, colours=colours)
