"""At equal bits: what objectives write at other settings, and with at most the bits per byte that another one needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.chapters.results.figures import look
from lmstudy.chapters.results.results import CONDITIONAL, REFERENCE
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import Record
from lmstudy.show.labels import label_points, plain_axis
from lmstudy.study.estimates import GRADERS, UNKNOWN, UNPROMPTED, capability_cost, common_seeds, sums, times
from lmstudy.study.preferences import SEEDS, SETTINGS, arm, judged
from lmstudy.study.shelf import NoRecordsError, Shelf

TASK = "privacy"
"""The task on which objectives were tried at several settings."""
CHARGED = ("measure=code_length",)
"""How the bits of a model with control tokens are counted: with every decision charged. What trainings report of models
without them is the same (`tests/chapters/test_frontier.py` shows it on a published run)."""
LIMITS = {"filtering": REFERENCE, "RWR": REFERENCE, "AWR": None, "unlikelihood": "selective"}
"""Objectives with a strength, and the one that each becomes where its strength goes to nothing, if there is one."""


@dataclass(frozen=True)
class Setting:
    """The runs of one setting, by seed, with what was measured of their texts and of their bits."""

    written: list[Record]
    charged: list[Record]


@dataclass(frozen=True)
class Path:
    """What one objective reaches as its strength changes, relative to MLE of the same seed.

    Args:
        bits: [settings, seeds] logarithms of bits per byte, MLE's subtracted.
        faults: [settings, seeds] logarithms of the mean score of texts, MLE's subtracted.
    """

    bits: np.ndarray
    faults: np.ndarray

    def at(self, bits: np.ndarray) -> np.ndarray:
        """[seeds] logarithms of the score with at most the given bits [seeds].

        Between settings, in order of bits, it lies on a straight line. Where more bits are given than any setting
        needs, it is that of the setting that needs most; where fewer, NaN: nothing is extrapolated.
        """
        found = np.full(len(bits), math.nan)
        for seed, wanted in enumerate(bits):
            order = np.argsort(self.bits[:, seed], kind="stable")
            known = self.bits[order, seed]
            if wanted >= known[0]:
                found[seed] = np.interp(wanted, known, self.faults[order, seed])
        return found


def setting(shelf: Shelf, name: str) -> Setting:
    """What there is of one setting; a NoRecordsError unless every seed was measured in both ways."""
    runs = arm(shelf, TASK, name, SEEDS)
    controlled = name.split(", ")[0] == CONDITIONAL
    found = Setting(judged(shelf, TASK, runs), shelf.measured(runs, *CHARGED) if controlled else runs)
    for own in (found.written, found.charged):
        if [record.seed for record in own] != list(SEEDS):
            raise NoRecordsError(f"of {TASK}, {name!r}, for all of the seeds {', '.join(map(str, SEEDS))}")
    return found


def of_objective(objective: str) -> list[str]:
    """Names of the settings of an objective with a strength, its limit among them."""
    limit = LIMITS[objective]
    return [*([limit] if limit else []), objective, *(f"{objective}, {own}" for own in SETTINGS[objective])]


def settings(shelf: Shelf, objectives: Sequence[str] = tuple(LIMITS), also: str = CONDITIONAL) -> dict[str, Setting]:
    """Settings that were measured, by name: those of MLE, of one more objective, and of objectives with a strength."""
    names = dict.fromkeys([REFERENCE, also, *(name for own in objectives for name in of_objective(own))])
    found = {}
    for name in names:
        with suppress(NoRecordsError):
            found[name] = setting(shelf, name)
    return found if REFERENCE in found else {}


def _logs(records: Sequence[Record], key: str) -> np.ndarray:
    tops, bottoms = sums(records, key).sum(1).T
    if (tops <= 0).any():
        return np.full(len(records), math.nan)  # nothing at all was found: a logarithm says nothing
    return np.log(tops / bottoms)


def path(found: Mapping[str, Setting], names: Sequence[str], key: str = UNPROMPTED) -> Path:
    """The settings of these names, relative to MLE, by one grader (a key of the groups of samples)."""
    bits, faults = [], []
    for name in names:
        charged, of_reference = common_seeds(found[name].charged, found[REFERENCE].charged)
        written, by_reference = common_seeds(found[name].written, found[REFERENCE].written)
        bits.append(_logs(charged, "valid") - _logs(of_reference, "valid"))
        faults.append(_logs(written, key) - _logs(by_reference, key))
    return Path(np.array(bits), np.array(faults))


def strengths(found: Mapping[str, Setting], objective: str) -> list[str]:
    """Those of `of_objective` that are there."""
    return [name for name in of_objective(objective) if name in found]


def matched(found: Mapping[str, Setting], objective: str, reference: str, key: str = UNPROMPTED) -> Estimate:
    """How many times as much an objective writes as a reference does, where it needs at most as many bits per byte.

    For each seed the objective's score is read at the bits of the reference's run of that seed, between its settings
    (`Path.at`). The interval is over seeds, of the logarithm. `UNKNOWN` where the objective needs more bits at every
    setting, or has fewer than two.
    """
    names = strengths(found, objective)
    if reference not in found or len(names) < 2:
        return UNKNOWN
    of_reference = path(found, [reference], key)
    logs = path(found, names, key).at(of_reference.bits[0]) - of_reference.faults[0]
    if not np.isfinite(logs).all():
        return UNKNOWN
    e = seed_interval(logs)
    return Estimate(math.exp(e.value), math.exp(e.low), math.exp(e.high), e.n, e.confidence, e.df)


def matched_table(found: Mapping[str, Setting]) -> pd.DataFrame:
    """A row an objective with a strength and another one, a column a grader: `matched`, where it is known."""
    rows = {
        f"{own}, at the bits of {reference}": {
            grader: matched(found, own, reference, key) for grader, key in GRADERS.items()
        }
        for reference in (CONDITIONAL, "selective", "filtering")
        for own in LIMITS
        if reference not in (LIMITS[own], own)
    }
    known = {name: row for name, row in rows.items() if any(math.isfinite(e.value) for e in row.values())}
    return pd.DataFrame.from_dict(known, orient="index", dtype=object)


def paths(found: Mapping[str, Setting]) -> Figure:
    """Each objective's settings in the plane of bits and of personal data, both relative to MLE, joined by a line."""
    figure, axes = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
    x = {name: capability_cost(own.charged, found[REFERENCE].charged) for name, own in found.items()}
    y = {name: times(own.written, found[REFERENCE].written) for name, own in found.items()}
    bars = []
    for name in found:
        (a, b), (colour, marker) = (x[name], y[name]), look(name.split(", ")[0])
        for bar in (((a.low, b.value), (a.high, b.value)), ((a.value, b.low), (a.value, b.high))):
            if name != REFERENCE and np.isfinite(bar).all():
                axes.plot(*zip(*bar, strict=True), color=colour, linewidth=1.1, alpha=0.3, solid_capstyle="butt")
        axes.plot(a.value, b.value, marker, color=colour, markersize=6.5, markeredgecolor="white", markeredgewidth=0.6)
    for objective in LIMITS:
        names = sorted(strengths(found, objective), key=lambda name: x[name].value)
        line = [(x[name].value, y[name].value) for name in names]
        axes.plot(*zip(*line, strict=True), color=look(objective)[0], linewidth=1.4)
        bars += list(pairwise(line))
    values = [y[name].value for name in found]
    axes.set(yscale="log", ylim=(min(values) / 2.5, 2.5))
    axes.set(xlabel="% more bits per byte than MLE, every decision charged", ylabel="personal data ÷ that of MLE")
    plain_axis(axes, "y")
    axes.axhline(1, color=look(REFERENCE)[0], linestyle="--", linewidth=0.8, zorder=0)
    places = {name: (x[name].value, y[name].value) for name in found}
    label_points(axes, places, {name: look(name.split(", ")[0])[0] for name in found}, bars)
    return figure
