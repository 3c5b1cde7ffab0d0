"""The lines of a benchmark as a table for people."""

import math
from collections.abc import Sequence

from lmstudy.benchmark.result import Line

HEAD = ("contender", "against", "measure", "", "95 % interval", "unit", "")


def table(lines: Sequence[Line]) -> str:
    """Aligned columns, ratios as "1.23 x"; a line that is not conclusive says so."""
    rows = [HEAD, *(_row(line) for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    right = {3, 4}
    shown = [
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(row.rstrip() for row in shown)


def _row(line: Line) -> tuple[str, ...]:
    interval = "" if line.low is None or line.high is None else f"{_number(line.low)} to {_number(line.high)}"
    value = _number(line.value) if line.ratio is None else f"{_number(line.ratio)} x"
    verdict = "" if line.conclusive else "too noisy"
    return line.contender, line.peer or "", line.measure, value, interval, line.unit, verdict


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
