"""Points with intervals on both axes, as HTML: text keeps its size on a phone, and every point says its numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import product

from lmstudy.show.numbers import Interval, number, written
from lmstudy.show.strip import spread, tick

HEIGHT = 340
"""Pixels."""
WIDE, NARROW = (480, 560, 700), (280, 300, 330)
"""Widths in pixels at which labels keep clear of each other and of dots: on a screen, and on a phone."""
LETTER, LINE = 8.4, 17
"""Pixels of a letter of a label, and from one label to the next; browsers choose the font, so this is generous."""
SMALL_LETTER, APART = 6.6, 8
"""Of what stands at a line across the plane, and pixels that labels keep from its beginning."""
DOT, GAP = 7, 12
"""Half a dot with some room around it, and from its middle to its label."""
EDGE = 14
"""Pixels that a label may reach beyond the plane: the margin of a page on a phone."""
FARTHEST = 120
"""Pixels that a label is moved up or down at most."""
OTHER_SIDE = 8
"""Pixels that a label is rather moved than put on the other side of its dot."""


@dataclass(frozen=True)
class Axis:
    """What one axis measures.

    Args:
        title: with the unit.
        log: whether it is of ratios.
        signed: a plus before what is above zero.
        line: where a line is drawn across the plane; None: nowhere.
        says: what stands at that line.
    """

    title: str
    log: bool = False
    signed: bool = False
    line: float | None = None
    says: str = ""


@dataclass(frozen=True)
class Point:
    """What is measured of one thing.

    Args:
        x, y: on the axes.
        colour: of CSS.
        seeds: both values of the single runs behind it, by seed, for a script that shows them (`plane.js`).
    """

    x: Interval
    y: Interval
    colour: str
    seeds: Mapping[int, tuple[float, float]] = field(default_factory=dict)


def plane(points: Mapping[str, Point], x: Axis, y: Axis) -> str:
    """HTML, drawn by the style sheet.

    Args:
        points: by name, in the order of the legend.
        x, y: the axes; up is more.
    """
    single = [places for point in points.values() for places in point.seeds.values()]
    left, x_ticks = spread(_shown([point.x for point in points.values()], [a for a, _ in single], x), x.log)
    up, y_ticks = spread(_shown([point.y for point in points.values()], [b for _, b in single], y), y.log)
    parts = [
        *(f'<span class="plane-x" style="left:{left(t):.1f}%">{tick(t, x.signed)}</span>' for t in x_ticks),
        *(f'<span class="plane-y" style="bottom:{up(t):.1f}%">{tick(t, y.signed)}</span>' for t in y_ticks),
    ]
    if x.line is not None:
        parts.append(f'<span class="plane-down" style="left:{left(x.line):.1f}%"></span>')
    if y.line is not None:
        parts.append(f'<span class="plane-across" style="bottom:{up(y.line):.1f}%"><i>{escape(y.says)}</i></span>')
    places = {name: (left(point.x.value), up(point.y.value)) for name, point in points.items()}
    across = (up(y.line), len(y.says)) if y.line is not None else None
    wide, narrow = (_apart(places, widths, across) for widths in (WIDE, NARROW))
    for name, point in points.items():
        a, b = point.x, point.y
        here, there = left(a.value), up(b.value)
        x0, x1, y0, y1 = _clipped(left(a.low)), _clipped(left(a.high)), _clipped(up(b.low)), _clipped(up(b.high))
        side = "plane-left" if here > 60 else "plane-right"
        told = f"{x.title}: {written(a, x.signed)}; {y.title}: {written(b, y.signed)}"
        own = [
            [round(left(v), 1), round(up(w), 1), f"seed {seed}: {number(v, signed=x.signed)}; {number(w)}"]
            for seed, (v, w) in point.seeds.items()
        ]
        text = escape(json.dumps(own, ensure_ascii=False, separators=(",", ":")), quote=False).replace("'", "&#39;")
        seeds = f" data-seeds='{text}'" if own else ""
        count = f"; {len(own)} seed{'s' * (len(own) != 1)}" if own else ""
        parts.append(
            f'<div class="plane-one" data-name="{escape(name)}" style="--colour:{point.colour}"{seeds}>'
            f'<span class="plane-bar" style="left:{x0:.1f}%;width:{x1 - x0:.1f}%;bottom:{there:.1f}%"></span>'
            f'<span class="plane-rod" style="left:{here:.1f}%;bottom:{y0:.1f}%;height:{y1 - y0:.1f}%"></span>'
            f'<span class="plane-label plane-{wide[name][0]} narrow-{narrow[name][0]}" style="left:{here:.1f}%;'
            f'bottom:{there:.1f}%;--move:{wide[name][1]}px;--narrow-move:{narrow[name][1]}px">{escape(name)}</span>'
            f'<span class="plane-point {side}" tabindex="0" style="left:{here:.1f}%;bottom:{there:.1f}%">'
            f'<span class="plane-more"><strong>{escape(name)}</strong> <span>{escape(told)}{count}</span></span></span>'
            "</div>"
        )
    told = "; ".join(
        f"{name}: {written(point.x, x.signed)} and {written(point.y, y.signed)}" for name, point in points.items()
    )
    about = escape(f"{x.title} to the right, {y.title} upwards. {told}")
    return (
        f'<div class="plane"><div class="plane-title-y">{escape(y.title)}</div>'
        f'<div class="plane-area" role="group" aria-label="{about}">{"".join(parts)}</div>'
        f'<div class="plane-title-x">{escape(x.title)}</div></div>'
    )


def _shown(estimates: Sequence[Interval], single: Sequence[float], axis: Axis) -> list[float]:
    """Every value, and of the intervals as much as does not squeeze the values together."""
    values = [e.value for e in estimates] + list(single) + ([] if axis.line is None else [axis.line])
    ends = [end for e in estimates for end in (e.low, e.high) if math.isfinite(end)]
    low, high = min(values), max(values)
    if axis.log:
        bounds = low / 3, high * 3
    else:
        span = (high - low) / 2 or 1.0
        bounds = low - span, high + span
    return [*values, max(min(ends + values), bounds[0]), min(max(ends + values), bounds[1])]


def _clipped(share: float) -> float:
    return min(100.0, max(0.0, share))


def _apart(
    places: Mapping[str, tuple[float, float]], widths: Sequence[int], across: tuple[float, int] | None
) -> dict[str, tuple[str, int]]:
    """On which side of its dot each label stands, and how many pixels it is moved down, from the highest to the lowest.

    At none of the widths a label touches another one, another's dot, or what stands at the line across. A label stays
    as near to its dot as that allows; where nothing within `FARTHEST` does, it stands where it would alone.

    Args:
        places: of dots, in per cent from the left and from below.
        widths: of the plane, in pixels.
        across: where the line is, in per cent from below, and how many letters stand below its right end.
    """
    taken: list[list[tuple[float, float, float]]] = [[] for _ in widths]
    if across is not None:
        for boxes, width in zip(taken, widths, strict=True):
            boxes.append((width - SMALL_LETTER * across[1] - APART, width, _down(across[0]) + LINE / 2))
    found: dict[str, tuple[str, int]] = {}
    for name, (left, up) in sorted(places.items(), key=lambda pair: -pair[1][1]):
        usual, other = ("left", "right") if left > 60 else ("right", "left")
        dots = [place for one, place in places.items() if one != name]
        moves = sorted(range(-FARTHEST, FARTHEST + 1), key=abs)
        tried = sorted(product((usual, other), moves), key=lambda one: abs(one[1]) + OTHER_SIDE * (one[0] == other))
        free = (
            (side, move)
            for side, move in tried
            if all(
                _is_free(_box(name, left / 100 * width, _down(up) + move, side), width, boxes, dots)
                for boxes, width in zip(taken, widths, strict=True)
            )
        )
        side, move = found[name] = next(free, (usual, 0))
        for boxes, width in zip(taken, widths, strict=True):
            boxes.append(_box(name, left / 100 * width, _down(up) + move, side))
    return found


def _down(up: float) -> float:
    """Pixels from above, of per cent from below."""
    return HEIGHT * (1 - up / 100)


def _box(name: str, dot: float, middle: float, side: str) -> tuple[float, float, float]:
    """Where a label begins and ends, and its middle from above, in pixels."""
    size = LETTER * len(name)
    start = dot + GAP if side == "right" else dot - GAP - size
    return start, start + size, middle


def _is_free(
    box: tuple[float, float, float],
    width: int,
    taken: Sequence[tuple[float, float, float]],
    dots: Sequence[tuple[float, float]],
) -> bool:
    start, end, middle = box
    if start < 0 or end > width + EDGE or not 0 <= middle <= HEIGHT:
        return False
    if any(abs(middle - other) < LINE and start < right and left < end for left, right, other in taken):
        return False
    spots = [(left / 100 * width, _down(up)) for left, up in dots]
    return not any(abs(middle - y) < LINE / 2 + DOT and start < x + DOT and x - DOT < end for x, y in spots)
