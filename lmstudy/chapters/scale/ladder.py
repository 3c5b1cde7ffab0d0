"""What the chapter on scale shows: a ladder of sizes and lengths, the law fitted to it, and what that law forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmstudy.evaluation.scaling_law import FORMS, Fit, Form, Point, fitted
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number, written
from lmstudy.study import rates, register
from lmstudy.study.compute import operations, operations_per_token
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import Region

RUNGS = (1, 2, 3, 4)
LENGTHS = (150, 300, 600, 1200, 2400)
"""Steps; each length is twice the one before."""
SEVERAL = 1200
"""Steps of the longest trainings that every rung has several seeds of."""
LONGEST = {1: 2400, 2: 2400, 3: 1200, 4: 1200}
"""Steps of each rung's longest training."""
RATES = (0.01, 0.02, 0.04, 0.08)
"""Of matrices, and of embeddings and norms alike; the last only where .04 was better than .02."""
CHOSEN = {1: 0.04, 2: 0.02, 3: 0.02, 4: 0.02}
"""The rate of each rung that was best on *valid* after `TUNED` steps, with seed 1."""
SEEDS = {1: (1, 2, 3, 4), 2: (1, 2), 3: (1, 2), 4: (2, 3, 4)}
"""Of each rung; none of the highest was seen when its rate was chosen, with seed 1."""
TUNED = 300
BITS = "valid/bits_per_byte"
FORM: Form = "joined"
"""The law that fits the three lower rungs better (`form_table`)."""

FORECAST = "efd4338c859e"
"""The register's prediction of what the highest rung reaches, written down before it was trained."""

Ladder = dict[int, dict[int, list[Record]]]
"""Records by rung and by steps, one for each seed."""


def predicted() -> Region:
    """Between which bits per byte the highest rung was predicted to end after `SEVERAL` steps."""
    return register.read()[FORECAST].prediction.region


def arm(rung: int, steps: int, rate: float | None = None, smoke: bool = False) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for a rung and a length, at its best rate or another one.

    With `smoke` they are of models that learn nothing, in seconds: to see that everything runs.
    """
    if smoke:
        width = [f"budget.d_model={16 * rung}", f"budget.d_ff={32 * rung}", "budget.heads=1"]
        layers = ["budget.encoder_layers=1", "budget.decoder_layers=1", "optimizer.warmup_steps=2"]
        return ("experiment=ladder", "budget=smoke", f"budget.steps={steps // 15}", *width, *layers)
    rate = CHOSEN[rung] if rate is None else rate
    return ("experiment=ladder", f"budget=rung_{rung}", f"budget.steps={steps}", f"optimizer.matrix_lr={rate}",
            f"optimizer.lr={rate}")  # fmt: skip


def rates_of(rung: int) -> tuple[float, ...]:
    """The rates that were tried for a rung, after `TUNED` steps."""
    return tuple(rates.tried_up_to(RATES, CHOSEN[rung]))


def rate_table(shelf: Shelf) -> pd.DataFrame:
    """Bits per byte after `TUNED` steps by rung and rate; errors as of `lmstudy.study.rates.rate_table`."""
    tried = {f"rung {rung}": {f"{rate:g}": arm(rung, TUNED, rate) for rate in rates_of(rung)} for rung in RUNGS}
    return rates.rate_table(shelf, tried, {f"rung {rung}": f"{rate:g}" for rung, rate in CHOSEN.items()})


def seeds_of(rung: int, steps: int, smoke: bool = False) -> tuple[int, ...]:
    """The seeds that were trained: of more than `SEVERAL` steps one, and of more than `LONGEST` none."""
    if steps > LONGEST[rung] and not smoke:
        return ()
    own = ((1, 2) if rung == RUNGS[0] else (1,)) if smoke else SEEDS[rung]
    return own if steps <= SEVERAL else own[:1]


def trained(shelf: Shelf, smoke: bool = False) -> Ladder:
    """The trainings of all rungs and lengths, shorter ones first; with `smoke` as `arm` says. Errors as of
    `Shelf.trained`."""
    arms = {rung: {steps: arm(rung, steps, smoke=smoke) for steps in LENGTHS} for rung in RUNGS}
    return {
        rung: {n: shelf.trained(*one, seeds=seeds) for n, one in own.items() if (seeds := seeds_of(rung, n, smoke))}
        for rung, own in arms.items()
    }


def size_and_text(record: Record) -> tuple[float, float]:
    """Parameters of a training's model, and the target tokens that it learned from."""
    return record.metrics["parameters"], record.metrics["train/tokens"]


def points(ladder: Ladder) -> list[Point]:
    """What each training reached on *valid*."""
    return [
        Point(*size_and_text(one), one.metrics[BITS], (rung, one.seed or 0))
        for rung, own in ladder.items()
        for records in own.values()
        for one in records
    ]


def law(ladder: Ladder) -> Fit:
    """The law of some rungs; errors as of `lmstudy.evaluation.scaling_law.fitted`."""
    return fitted(points(ladder), FORM)


def size_table(ladder: Ladder) -> pd.DataFrame:
    """A row a rung: parameters, operations a token, the longest training, and its bits per byte."""
    rows = {}
    for rung, own in ladder.items():
        longest = own[max(own)]
        one = longest[0]
        rows[f"rung {rung}"] = {
            "parameters": round(one.metrics["parameters"]),
            "operations a target token, millions": operations_per_token(one) / 1e6,
            "longest training, million target tokens": one.metrics["train/tokens"] / 1e6,
            "bits per byte after it": float(np.mean([record.metrics[BITS] for record in longest])),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def compute_span(ladder: Ladder) -> float:
    """How many times the least arithmetic of a training the most is."""
    every = [operations(one) for own in ladder.values() for records in own.values() for one in records]
    return max(every) / min(every)


@dataclass(frozen=True)
class Foretold:
    """What the lower rungs say of the highest, and what it reached."""

    table: pd.DataFrame
    inside: int
    trainings: int


def foretold(lower: Fit, highest: Mapping[int, Sequence[Record]]) -> Foretold:
    """Each length of the highest rung beside the forecast of a law that has not seen it.

    Args:
        lower: fitted to lower rungs alone.
        highest: records by steps.
    """
    rows, inside, trainings = {}, 0, 0
    for steps, records in highest.items():
        said = lower.forecast(*size_and_text(records[0]))
        reached = [record.metrics[BITS] for record in records]
        within = sum(said.low <= bits <= said.high for bits in reached)
        inside, trainings = inside + within, trainings + len(reached)
        rows[f"{steps:,} steps"] = {
            "forecast (95 % interval of one training)": written(said),
            "reached, mean": float(np.mean(reached)),
            "trainings": len(reached),
            "inside": within,
        }
    return Foretold(pd.DataFrame.from_dict(rows, orient="index"), inside, trainings)


def form_table(lower: Ladder) -> pd.DataFrame:
    """How far the trainings of the lower rungs are from each form of the law, in per cent."""
    found = {form: off_the_law(fitted(points(lower), form, draws=1)) for form in FORMS}
    rows = {f"{form} ({FORM_WORDS[form]})": {"typical, %": off[0], "largest, %": off[1]} for form, off in found.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


FORM_WORDS = {"added": "Hoffmann et al.", "joined": "Kaplan et al."}
NUMBERS = {
    "alpha": ("α", "how fast the loss falls with parameters"),
    "beta": ("β", "how fast it falls with text"),
    "growth": ("β / (α + β)", "with which power of the arithmetic (parameters × tokens) the best size grows"),
}
"""Of the law: its name, its sign, and what it means."""


def law_table(fit: Fit) -> pd.DataFrame:
    """The numbers of a law of four rungs or more, with intervals."""
    rows = {
        sign: {"what it is": words, "value (95 % interval)": fit.estimate(name)}
        for name, (sign, words) in NUMBERS.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def frontier(fit: Fit, ladder: Ladder, amount: float) -> tuple[float, float, float]:
    """The best number of parameters for an amount of arithmetic, its target tokens, and its bits per byte by the law.

    What a parameter costs for a token differs a little from rung to rung; between rungs it is interpolated. The best is
    looked for between the smallest and the largest rung.
    """
    first = [own[min(own)][0] for own in ladder.values()]
    sizes = np.array([one.metrics["parameters"] for one in first])
    costs = np.array([operations_per_token(one) for one in first])
    tried = np.geomspace(sizes.min(), sizes.max(), 400)
    tokens = amount / np.exp(np.interp(np.log(tried), np.log(sizes), np.log(costs)))
    losses = fit.law.loss(tried, tokens)
    best = int(np.argmin(losses))
    return float(tried[best]), float(tokens[best]), float(losses[best])


def best_table(fit: Fit, ladder: Ladder) -> pd.DataFrame:
    """A row an amount of arithmetic, from the ladder's least to its most in four steps.

    Amounts whose best size lies beyond the sizes of the ladder are left out: `frontier` would give its smallest or
    largest for them.
    """
    amounts = [operations(one) for own in ladder.values() for records in own.values() for one in records]
    sizes = [own[min(own)][0].metrics["parameters"] for own in ladder.values()]
    rows = {}
    for amount in np.geomspace(min(amounts), max(amounts), 5):
        size, tokens, bits = frontier(fit, ladder, float(amount))
        if min(sizes) < size < max(sizes):
            rows[f"{number(amount / 1e12, 2)} · 10¹² operations"] = (size / 1e6, tokens / 1e6, tokens / size, bits)
    columns = ["best size, million parameters", "million target tokens", "tokens a parameter", "bits per byte"]
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=columns)


def off_the_law(fit: Fit) -> tuple[float, float]:
    """How far trainings are from a law, in per cent: typical (root of the mean square) and largest."""
    off = 100 * np.abs(np.expm1(fit.residuals))
    return float(np.sqrt((off**2).mean())), float(off.max())
