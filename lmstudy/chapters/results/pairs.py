"""Every objective against every other, and each one's gap between the scorer of training and the held-out grader."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd

from lmstudy.chapters.results.results import REFERENCE, Results, better, holm_corrected
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import Record
from lmstudy.show.numbers import written
from lmstudy.study.estimates import HELD_OUT, UNKNOWN, common_seeds, scored
from lmstudy.study.estimates import UNPROMPTED as TRAINING

EMPTY = ""


def pair_table(results: Results, key: str = TRAINING) -> pd.DataFrame:
    """How much better the objective of a row writes than that of a column, from nothing, paired by seed (see `better`).

    Each pair stands once. A star is where the difference survives Holm's correction for all pairs of the table.
    """
    found = {
        (row, column): better(results.task, results.judged[row], results.judged[column], key)
        for column, row in combinations(results.judged, 2)
    }
    names = {pair: " / ".join(pair) for pair in found}
    corrected = holm_corrected({names[pair]: e for pair, e in found.items()}, results.counted)
    table = {
        column: {
            row: EMPTY
            if (row, column) not in found
            else _starred(found[row, column], corrected[names[row, column]].differs(), results.counted)
            for row in list(results.judged)[1:]
        }
        for column in list(results.judged)[:-1]
    }
    return pd.DataFrame(table, dtype=object)


def _starred(e: Estimate, differs: bool, counted: bool) -> str:
    if math.isnan(e.value):
        return "–"
    return written(e, not counted, decimals=None if counted else 2) + (" *" if differs else "")


def gap_table(results: Results) -> pd.DataFrame:
    """A row an objective: its gain over MLE by each grader, and by how much the scorer of training sees more of it.

    Where violations are counted the gap is a ratio of ratios: 1 where both see the same.
    """
    rows = {}
    for name in results.others:
        own, reference = results.judged[name], results.judged[REFERENCE]
        rows[name] = {
            "by the training scorer": better(results.task, own, reference),
            f"by the {results.second}": better(results.task, own, reference, HELD_OUT),
            "the first divided by the second" if results.counted else "the first minus the second": gap(results, name),
            "seeds": len(common_seeds(own, reference)[0]),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def gap(results: Results, name: str) -> Estimate:
    """Over seeds, of an objective; unknown where a run wrote nothing that counts by one of the graders."""
    own, reference = results.judged[name], results.judged[REFERENCE]
    if not all(scored(records, TRAINING, HELD_OUT) for records in (own, reference)):
        return UNKNOWN
    each = [_gap(results, *pair) for pair in zip(*common_seeds(own, reference), strict=True)]
    if not np.isfinite(each).all():
        return UNKNOWN
    e = seed_interval(each)
    if not results.counted:
        return e
    return Estimate(math.exp(e.value), math.exp(e.low), math.exp(e.high), e.n, e.confidence, e.df)


def _gap(results: Results, own: Record, reference: Record) -> float:
    """Of one seed: the logarithm of a ratio of ratios, or a difference of differences."""
    gains = [better(results.task, [own], [reference], key).value for key in (TRAINING, HELD_OUT)]
    if not results.counted:
        return gains[0] - gains[1]
    return math.log(gains[0] / gains[1]) if min(gains) > 0 else math.nan
