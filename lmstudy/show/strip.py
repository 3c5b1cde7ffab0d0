"""A strip of estimates: a label, a dot on a line for the interval, and the number; HTML whose text keeps its size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from matplotlib.ticker import LogLocator, MaxNLocator

from lmstudy.errors import StudyError
from lmstudy.show.numbers import Interval, number, value, written

MARGIN = 0.04
"""Of the axis, left free at both ends."""


def strip(
    rows: Mapping[str, Interval],
    unit: str,
    *,
    log: bool = False,
    null: float | None = None,
    says: str = "",
    signed: bool = False,
) -> str:
    """HTML, drawn by the style sheet in the colours of the page.

    Args:
        rows: estimates by label, in the order shown.
        unit: of all of them, in words; stands below.
        log: whether the axis is one of ratios.
        null: where a line is drawn, such as 1 for "as many".
        says: what stands at that line.
        signed: a plus before what is above zero.

    Raises:
        StudyError: a number that is not finite, or not above 0 on an axis of ratios.
    """
    ends = [x for e in rows.values() for x in (e.value, e.low, e.high)] + ([] if null is None else [null])
    if not all(math.isfinite(x) and (x > 0 or not log) for x in ends):
        raise StudyError(f"strip of {unit}: numbers must be finite{', and above 0' if log else ''}, not {ends}")
    place = _axis(ends, log)
    marked = "" if null is None else f'<span class="strip-null" style="left:{place(null)}"></span>'
    lines = [
        f'<span class="strip-label">{escape(label)}</span><span class="strip-track">{marked}'
        f'<span class="strip-line" style="left:{place(e.low)};right:calc(100% - {place(e.high)})"></span>'
        f'<span class="strip-dot" style="left:{place(e.value)}"></span></span>'
        f'<span class="strip-value">{value(e, signed)}</span>'
        for label, e in rows.items()
    ]
    ticks = "".join(
        f'<span class="strip-tick" style="left:{place(x)}">{escape(_tick(x, signed))}</span>'
        for x in _ticks(ends, log, null)
    )
    if null is not None:
        at_null = escape(says or _tick(null, signed))
        ticks += f'<span class="strip-tick strip-says" style="left:{place(null)}">{at_null}</span>'
    lines.append(f'<span></span><span class="strip-axis">{ticks}</span><span></span>')
    told = "; ".join(f"{label}: {written(e, signed)}" for label, e in rows.items())
    return (
        f'<div class="strip" role="img" aria-label="{escape(f"{told} {unit}")}">{"".join(lines)}'
        f'<span class="strip-unit">{escape(unit)}. Lines: 95 % intervals.</span></div>'
    )


def _axis(ends: Sequence[float], log: bool) -> Callable[[float], str]:
    """Where a number stands, in per cent of the width."""
    scale = math.log if log else float
    low, high = scale(min(ends)), scale(max(ends))
    width = (high - low) or 1.0

    def place(x: float) -> str:
        share = MARGIN + (1 - 2 * MARGIN) * (scale(x) - low) / width
        return f"{100 * share:.1f}%"

    return place


def _ticks(ends: Sequence[float], log: bool, null: float | None) -> list[float]:
    low, high = min(ends), max(ends)
    locator = LogLocator(subs=(1, 2, 5), numticks=8) if log else MaxNLocator(4)
    found = [float(x) for x in locator.tick_values(low, high) if low <= x <= high]
    scale = math.log if log else float
    width = scale(high) - scale(low) or 1.0
    kept: list[float] = [] if null is None else [null]
    for x in found:
        if all(abs(scale(x) - scale(other)) > 0.14 * width for other in kept):
            kept.append(x)
    return [x for x in kept if x != null]


def _tick(x: float, signed: bool) -> str:
    return number(int(x) if x.is_integer() else round(x, 6), 2, signed=signed and x != 0)
