"""A strip of estimates: a label, a dot on a line for the interval, and the number; HTML whose text keeps its size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from matplotlib.ticker import LogLocator, MaxNLocator

from lmstudy.errors import StudyError
from lmstudy.show.numbers import Interval, number, value, written
from lmstudy.show.phrases import retold, said

MARGIN = 0.04
"""Of the axis, left free at both ends."""
CLEAR = 13.0
"""Per cent of an axis between two ticks, at least."""


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
    where, ticks = spread(ends, log, null, clear=2 * CLEAR if says else CLEAR)

    def place(x: float) -> str:
        return f"{where(x):.1f}%"

    marked = "" if null is None else f'<span class="strip-null" style="left:{place(null)}"></span>'
    lines = [
        f'<span class="strip-label">{escape(label)}</span><span class="strip-track">{marked}'
        f'<span class="strip-line" style="left:{place(e.low)};right:calc(100% - {place(e.high)})"></span>'
        f'<span class="strip-dot" style="left:{place(e.value)}"></span></span>'
        f'<span class="strip-value">{value(e, signed)}</span>'
        for label, e in rows.items()
    ]
    axis = "".join(f'<span class="strip-tick" style="left:{place(x)}">{tick(x, signed)}</span>' for x in ticks)
    if null is not None:
        at_null = escape(says or tick(null, signed))
        axis += f'<span class="strip-tick strip-says" style="left:{place(null)};--at:{place(null)}">{at_null}</span>'
    lines.append(f'<span></span><span class="strip-axis">{axis}</span><span></span>')
    told = "; ".join(f"{label}: {retold(written(e, signed))}" for label, e in rows.items())
    return (
        f'<div class="strip" role="img" aria-label="{escape(f"{told} {unit}")}">{"".join(lines)}'
        f'<span class="strip-unit">{escape(said("{0}. Lines: 95 % intervals.", unit))}</span></div>'
    )


def spread(
    shown: Sequence[float], log: bool, line: float | None = None, clear: float = CLEAR
) -> tuple[Callable[[float], float], list[float]]:
    """An axis that shows these numbers: where each stands, in per cent of its length, and ticks that keep apart.

    Args:
        shown: values and ends of intervals.
        log: whether ratios, and not differences, are spaced evenly.
        line: where something else is written, of which ticks keep clear.
        clear: by so many per cent of the axis.
    """
    scale = math.log if log else float
    low, high = scale(min(shown)), scale(max(shown))
    width = (high - low) or 1.0

    def place(x: float) -> float:
        return 100 * (MARGIN + (1 - 2 * MARGIN) * (scale(x) - low) / width)

    locator = LogLocator(subs=(1, 2, 5), numticks=8) if log else MaxNLocator(4)
    kept: list[float] = []
    for tick in map(float, locator.tick_values(min(shown), max(shown))):
        free = line is None or abs(place(tick) - place(line)) > clear
        if min(shown) <= tick <= max(shown) and free and all(place(tick) - place(other) > CLEAR for other in kept):
            kept.append(tick)
    return place, kept


def tick(x: float, signed: bool = False) -> str:
    """A round number of an axis: 0.05, 2, +4."""
    if float(x).is_integer():
        return number(int(x), signed=signed and x != 0)
    return number(x, 2, signed=signed).rstrip("0")
