"""What the chapter on architectures shows: its arms, curves of reading and copying, and speeds side by side."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.study.estimates import benchmark_lines, group_counts, line_estimate
from lmstudy.study.shelf import Shelf

NAMES = {
    "first_model": "Transformer",
    "lstm_attention": "LSTM with attention",
    "lstm": "LSTM, fixed code",
    "dense_wide": "dense",
}
"""Experiment -> how the chapter calls it."""

COPYING = {
    "copy_transformer": "Transformer",
    "copy_lstm_attention": "LSTM with attention",
    "copy_lstm": "LSTM, fixed code",
}

COPIED = ("measure=reading", "measure.task=copy", "measure.lengths=[1,2,4,8,16,32,64,95]")
"""How copying is measured, as overrides of `lmstudy-evaluate`."""


def reading_curves(evaluations: Mapping[str, Sequence[Record]], measure: str) -> dict[str, dict[float, Estimate]]:
    """A measure of `measure=reading` against the number of tokens read, over seeds and documents."""
    curves: dict[str, dict[float, Estimate]] = {}
    for name, records in evaluations.items():
        lengths = sorted(int(key.split("/")[1]) for key in records[0].metrics if key.endswith(f"/{measure}"))
        of = {n: f"reading/{n}" if measure == "bits_per_byte" else f"reading/{n}/{measure}" for n in lengths}
        curves[name] = {n: ratio_of_sums_bootstrap(group_counts(records, key)) for n, key in of.items()}
    return curves


def speed_table(shelf: Shelf) -> pd.DataFrame:
    """Target tokens a second of a training step, each architecture over the Transformer, measured in turns."""
    rows = {}
    for each in benchmark_lines(shelf.newest_benchmark("architectures")):
        if each["measure"] == "tokens_per_second" and each["peer"]:
            ratio = line_estimate(each)
            name = NAMES.get(each["contender"], "Transformer, not compiled")
            rows[name] = {
                "speed, Transformer = 1": f"{ratio.value:.2f}",
                "95 % interval": ratio.interval(".2f"),
                "rounds": ratio.n,
            }
    return pd.DataFrame(rows).T
