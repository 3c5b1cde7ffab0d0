"""Arithmetic on measurements: ratios of contenders that took turns, whether the machine was quiet enough to trust
them, and how a cost grows with size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lmstudy.benchmark.contest import Contest
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.result import Line, Result
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds, paired_ratio
from lmstudy.evaluation.statistics import Estimate

LIMIT = 0.2
"""Widest spread of the machine, and widest interval of a ratio relative to it, that still allow a conclusion."""
TOO_NOISY = "the machine was too noisy to conclude"


def log_log_slope(sizes: Sequence[float], costs: Sequence[float], confidence: float = 0.95) -> Estimate:
    """b of cost = a size^b by least squares on the logarithms, with Student's t interval; `n` counts the points.

    1 is linear growth. Two points have a slope and no interval.

    Raises:
        StudyError: fewer than two different sizes, or a value that is not positive.
    """
    from scipy.stats import linregress, t  # takes a second to import

    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if x.shape != y.shape or len(np.unique(x)) < 2 or not (x > 0).all() or not (y > 0).all():
        raise StudyError(f"a slope needs positive costs at two sizes or more, not {costs} at {sizes}")
    fit = linregress(np.log(x), np.log(y))
    slope, points = float(fit.slope), len(x)
    half = float(t.ppf((1 + confidence) / 2, points - 2) * fit.stderr) if points > 2 else math.nan
    return Estimate(slope, slope - half, slope + half, points, confidence)


def conclusive(estimate: Estimate, machine: Machine) -> bool:
    """Whether machine and interval were steady enough: both within `LIMIT`; an unknown interval is not."""
    return machine.spread <= LIMIT and (estimate.high - estimate.low) <= LIMIT * abs(estimate.value)


def rate_ratio(contest: Contest, ours: str, peer: str, measure: str, unit: str) -> Line:
    """The line that says how much faster `ours` works than `peer`, in units per second."""
    found = paired_ratio(contest.accounts[ours].rates(), contest.accounts[peer].rates())
    return line(contest, measure, unit, found, peer=peer, contender=ours)


def rate(contest: Contest, name: str, measure: str, unit: str) -> Line:
    """The line of a contender's own rate in units per second: a number of this machine in this hour."""
    return line(contest, measure, unit, over_rounds(contest.accounts[name].rates()), contender=name)


def line(contest: Contest, measure: str, unit: str, found: Estimate, **others: Any) -> Line:
    """A line over the rounds of a contest, the better the higher, with whether its interval can be trusted."""
    sure = conclusive(found, Machine.of(contest.machine))
    return Line.of(measure, unit, found, rounds=found.n, better="higher", conclusive=sure, **others)


def compared(contest: Contest, pairs: Sequence[tuple[str, str]], measure: str, unit: str) -> list[Line]:
    """For each pair of a contender and its peer the ratio of their rates, then for each that of their memory."""
    lines = [rate_ratio(contest, ours, peer, measure, unit) for ours, peer in pairs]
    return lines + [memory_ratio(contest, ours, peer) for ours, peer in pairs]


def memory_ratio(contest: Contest, ours: str, peer: str) -> Line:
    """The line that compares peaks of resident memory of the two processes."""
    peaks = {name: contest.accounts[name].memory_peak for name in (ours, peer)}
    ratio = peaks[ours] / peaks[peer]
    return Line(measure="peak_memory", unit="MiB", peer=peer, contender=ours, ratio=ratio, better="lower")


def memory(contest: Contest, name: str) -> list[Line]:
    """The lines of a contender's peak memory in MiB: of its process, and above the level before it was built."""
    account = contest.accounts[name]
    whole, above = account.memory_peak / 2**20, (account.memory_peak - account.memory_before) / 2**20
    return [
        Line(measure="peak_memory", unit="MiB", contender=name, value=whole, better="lower"),
        Line(measure="peak_memory_above_start", unit="MiB", contender=name, value=above, better="lower"),
    ]


def result(contest: Contest, lines: list[Line], measure: str, data: str = "none") -> Result:
    """The `Result` of a contest: its lines, metrics named after them, and the raw numbers of every round.

    Curves "NAME/MEASURE" hold rates in units per second, "machine/flops_per_second" those of the matrix
    product; samples hold facts and memory of each contender, and the order of the rounds.
    """
    machine = Machine.of(contest.machine)
    curves = {f"{name}/{measure}": curve(account.rates()) for name, account in contest.accounts.items()}
    samples: list[Any] = [
        {"contender": name, "facts": a.facts, "memory_before": a.memory_before, "memory_peak": a.memory_peak,
         "blocks": [list(block) for block in a.blocks]}
        for name, a in contest.accounts.items()
    ]  # fmt: skip
    metrics = {
        "machine/flops_per_second": machine.median,
        "machine/best_flops_per_second": machine.best,
        "machine/spread": machine.spread,
    }
    return Result(
        lines=lines,
        metrics=named(lines) | metrics,
        curves={**curves, "machine/flops_per_second": curve(contest.machine.rates())},
        samples=[*samples, {"order": contest.order, "threads": contest.threads}],
        data=data,
        notes=[
            f"matrix product: {machine.median / 1e9:.1f} GFLOP/s (best {machine.best / 1e9:.1f}), "
            f"spread {machine.spread:.0%}, {contest.threads} threads"
        ],
    )


def named(lines: Sequence[Line]) -> dict[str, float]:
    """Metrics of lines: "PEER/ratio/MEASURE" or "CONTENDER/MEASURE", with "/low" and "/high" where known.

    Where a peer faces more than one contender, the first has the short name, another "PEER/ratio_of_NAME/MEASURE".
    """
    found: dict[str, float] = {}
    for each in lines:
        value = each.value if each.peer is None else each.ratio
        if value is None:
            continue
        name = f"{each.contender}/{each.measure}" if each.peer is None else f"{each.peer}/ratio/{each.measure}"
        if each.peer is not None and name in found:
            name = f"{each.peer}/ratio_of_{each.contender}/{each.measure}"
        found[name] = value
        found |= {f"{name}/{end}": x for end, x in (("low", each.low), ("high", each.high)) if x is not None}
    return found


def curve(values: np.ndarray) -> dict[str, list[Any]]:
    """A value a round, as a record keeps it; rounds count from 1."""
    return {"step": list(range(1, len(values) + 1)), "value": [float(v) for v in values]}
