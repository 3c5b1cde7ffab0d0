"""What the chapter on architectures shows: what its arms cost, curves of reading and copying, speeds side by side."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.overrides import override
from lmstudy.runs.records import Record
from lmstudy.study.compute import operations, operations_per_token
from lmstudy.study.estimates import benchmark_lines, group_counts, line_estimate
from lmstudy.study.shelf import Shelf

BUDGET, COPY_BUDGET = "quick", "brief"

ARMS = {
    "Transformer": "first_model",
    "LSTM with attention": "lstm_attention",
    "LSTM, fixed code": "lstm",
    "dense": "dense_wide",
}
"""What the chapter calls an arm -> its experiment."""
TRIED_RATES = {
    "Transformer": ("3.0e-3", "1.0e-2", "3.0e-2", "1.0e-1"),
    "LSTM with attention": ("3.0e-3", "1.0e-2", "3.0e-2"),
    "LSTM, fixed code": ("3.0e-3", "1.0e-2", "3.0e-2"),
    "dense": ("1.0e-3", "3.0e-3", "1.0e-2"),
}
"""Learning rates tried by one run each of full length, until the best had a worse one on either side. The Transformer's
is that of its embeddings and norms."""
BEST = {"Transformer": "3.0e-2", "LSTM with attention": "1.0e-2", "LSTM, fixed code": "1.0e-2", "dense": "3.0e-3"}
"""What was best on *valid*, and is compared."""

COPYING = {
    "Transformer": "copy_transformer",
    "LSTM with attention": "copy_lstm_attention",
    "LSTM, fixed code": "copy_lstm",
}
"""The same arms, trained to copy."""

COPIED = ("measure=reading", "measure.task=copy", "measure.lengths=[1,2,4,8,16,32,64,95]")
"""How copying is measured, as overrides of `lmstudy-evaluate`."""


def tried(arm: str, rate: str, budget: str = BUDGET) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for the runs of an arm (of `ARMS`) at a rate."""
    return (f"experiment={ARMS[arm]}", override("budget", budget), f"optimizer.lr={rate}")


TRIED = {arm: {rate: tried(arm, rate) for rate in rates} for arm, rates in TRIED_RATES.items()}
"""The search, as `lmstudy.study.rates` takes it."""


def cost_table(arms: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Parameters, and floating-point operations and target tokens of the training, of each arm."""
    rows: dict[str, dict[str, float]] = {}
    for name, records in arms.items():
        first, per_token = records[0].metrics, operations_per_token(records[0])
        rows[name] = {
            "parameters": round(first["parameters"]),
            "target tokens seen": round(first["train/tokens"]),
            "operations a target token, millions": per_token / 1e6,
            "operations in all, 10¹²": operations(records[0]) / 1e12,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


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
    names = {experiment: name for name, experiment in ARMS.items()}
    rows = {}
    for each in benchmark_lines(shelf.newest_benchmark("architectures")):
        if each["measure"] == "tokens_per_second" and each["peer"]:
            ratio = line_estimate(each)
            name = names.get(each["contender"], "Transformer, not compiled")
            rows[name] = {"speed, Transformer = 1 (95 % interval)": ratio, "rounds": ratio.n}
    return pd.DataFrame.from_dict(rows, orient="index")
