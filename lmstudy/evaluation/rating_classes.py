"""Ratings as three classes, and whether predicted ratings and probabilities mean what they say."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.pair_agreement import chances
from lmstudy.evaluation.statistics import Estimate
from lmstudy.preferences.ratings import Ratings

Floats = NDArray[np.float64]
DRAWS = 2000
NEUTRAL = 0.5
"""A rating up to this far from 0 is neutral: the nearest whole number on people's scale is 0."""


def classes(ratings: Floats) -> NDArray[np.int64]:
    """-1 (negative), 0 (neutral) or 1 (positive) for each rating."""
    return (np.sign(ratings) * (np.abs(ratings) > NEUTRAL)).astype(np.int64)


def class_metrics(predicted: Floats, means: Floats) -> dict[str, Estimate]:
    """`accuracy`, and `recall` and `f1` averaged over the classes that occur, of predicted ratings [n] or [seeds, n].

    Values are means over seeds. Their variance is that between seeds plus that of a bootstrap over snippets, and
    the interval Student's t with Satterthwaite's degrees of freedom, as in `lmstudy.evaluation.statistics`.

    Raises:
        StudyError: not one prediction for each snippet.
    """
    from scipy.special import stdtrit

    predictions, truth = np.atleast_2d(np.asarray(predicted, dtype=float)), classes(means)
    seeds, n = predictions.shape
    if n != len(truth) or n < 2:
        raise StudyError(f"predictions of shape {list(predictions.shape)} for {len(truth)} ratings: give one for each")
    cells = np.eye(9)[3 * (truth + 1) + classes(predictions) + 1]  # [seeds, n, 9]
    weights = np.random.default_rng(0).multinomial(n - 1, np.full(n, 1 / n), size=DRAWS).astype(float)
    values = _metrics(cells.sum(1).reshape(seeds, 3, 3))
    resampled = _metrics(np.einsum("rn,snc->src", weights, cells).reshape(seeds, DRAWS, 3, 3))
    found = {}
    for name, of_seeds in values.items():
        of_snippets = float(np.var(resampled[name].mean(0)))
        of_luck = float(of_seeds.var(ddof=1)) / seeds if seeds > 1 else 0.0
        total = of_snippets + of_luck
        freedom = total**2 / (of_snippets**2 / (n - 1) + (of_luck**2 / (seeds - 1) if seeds > 1 else 0)) if total else 1
        half = float(stdtrit(freedom, 0.975)) * math.sqrt(total)
        value = float(of_seeds.mean())
        found[name] = Estimate(value, value - half, value + half, seeds)
    return found


def _metrics(tables: Floats) -> dict[str, Floats]:
    """Of confusion tables [..., truth, prediction]."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    there, told = tables.sum(-1), tables.sum(-2)
    occurs = there > 0
    recall = np.where(occurs, hits / np.maximum(there, 1), 0)
    f1 = np.where(occurs, 2 * hits / np.maximum(there + told, 1), 0)
    number = occurs.sum(-1)
    return {"accuracy": hits.sum(-1) / there.sum(-1), "recall": recall.sum(-1) / number, "f1": f1.sum(-1) / number}


@dataclass(frozen=True)
class Reliability:
    """What was predicted beside what came, in bins of equal weight as far as ties allow; lowest predictions first."""

    share: Floats
    """[bins] of all weight; adds up to 1"""
    predicted: Floats
    """[bins] mean prediction"""
    observed: Floats
    """[bins] mean of what came"""

    @property
    def error(self) -> float:
        """Expected calibration error: sum of share x |predicted - observed|."""
        return float(self.share @ np.abs(self.predicted - self.observed))


def reliability(predicted: Floats, observed: Floats, weights: Floats | None = None, bins: int = 10) -> Reliability:
    """Bins of predictions [n] by their rank, each beside what was observed [n]; equal predictions share a bin."""
    weight = np.ones(len(predicted)) if weights is None else weights
    _, place = np.unique(predicted, return_inverse=True)
    masses = np.bincount(place, weight)
    middle = (masses.cumsum() - masses / 2) / masses.sum()
    number = np.minimum((middle * bins).astype(np.int64), bins - 1)[place]
    sums = [np.bincount(number, weight * of, minlength=bins) for of in (np.ones(len(weight)), predicted, observed)]
    mass, of_predictions, of_observations = (one[sums[0] > 0] for one in sums)
    return Reliability(mass / mass.sum(), of_predictions / mass, of_observations / mass)


def pair_reliability(rewards: Floats, ratings: Ratings) -> Reliability:
    """P(one snippet is rated above the other) = sigmoid of the difference of rewards [n], beside how often it is.

    Over all pairs of snippets, weighed by how often their ratings differ, each seen from the side of the higher
    reward: probabilities lie in [1/2, 1].
    """
    from scipy.special import expit

    above, comparable = (block(slice(0, len(ratings))) for block in chances(ratings))
    first, second = np.triu_indices(len(ratings), k=1)
    swapped = rewards[first] < rewards[second]
    high, low = np.where(swapped, second, first), np.where(swapped, first, second)
    known = comparable[high, low]
    ours = np.divide(above[high, low], known, out=np.full(len(known), 0.5), where=known > 0)
    return reliability(expit(rewards[high] - rewards[low]), ours, known)


def reward_scale(predicted: Floats, ratings: Ratings) -> float:
    """The a for which sigmoid(a (p_i - p_j)) makes the observed orders of all pairs of ratings most probable.

    It turns predictions [n] on any scale into rewards of the Bradley-Terry model; fit it on other snippets than
    those it is tested on.
    """
    from scipy.optimize import minimize_scalar

    above, _ = (block(slice(0, len(ratings))) for block in chances(ratings))
    np.fill_diagonal(above, 0)
    difference = predicted[:, None] - predicted
    fitted = minimize_scalar(
        lambda log_scale: float((above * np.logaddexp(0, -math.exp(log_scale) * difference)).sum()),
        bounds=(-8.0, 8.0),
        method="bounded",
    )
    return math.exp(fitted.x)
