"""What the chapter on reward models shows of single snippets: what people gave, the pairs they make, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lmstudy.evaluation.rating_classes import class_metrics, classes
from lmstudy.evaluation.statistics import Estimate
from lmstudy.preferences.ratings import LEVELS, Ratings
from lmstudy.training.reward_losses import BradleyTerry, chance_above

Floats = NDArray[np.float64]
SHORT = (25, 115)
"""Characters of a snippet that fits a line or two of a figure."""


def spreads(ratings: Ratings) -> Floats:
    """[texts] standard deviation of the ratings of each: how far people disagree."""
    squares = ratings.counts @ LEVELS**2 / ratings.counts.sum(1)
    return np.sqrt(np.maximum(squares - ratings.means**2, 0))


def examples(ratings: Ratings) -> Ratings:
    """Five short snippets: the most agreed upon of the good, the middling and the bad, and the two most disputed."""
    lengths = np.array([len(text) for text in ratings.texts])
    short = ratings.select((lengths >= SHORT[0]) & (lengths <= SHORT[1]) & (ratings.counts.sum(1) >= 15))
    spread, mean = spreads(short), short.means
    wanted = (mean > 2, np.abs(mean) < 0.5, mean < -2)
    agreed = [int(np.where(of, spread, np.inf).argmin()) for of in wanted]
    disputed = [one for one in np.argsort(-spread).tolist() if one not in agreed][:2]
    chosen = np.array([*agreed, *disputed])
    return short.select(chosen[np.argsort(-mean[chosen], kind="stable")])


def order_table(ratings: Ratings, first: int, second: int) -> pd.Series:
    """How often a single rating of the first text is above, equal to and below one of the second."""
    both = torch.tensor(ratings.counts[[first, second]], dtype=torch.float64)
    above = chance_above(both)
    chances = {"above": float(above[0, 1]), "below": float(above[1, 0])}
    return pd.Series({"above": chances["above"], "equal": 1 - sum(chances.values()), "below": chances["below"]})


def best_difference(order: pd.Series) -> float:
    """The difference of rewards at which the Bradley-Terry loss of one pair of texts is smallest."""
    return float(np.log(order["above"] / order["below"]))


def loss_table(ratings: Ratings, first: int, second: int, differences: Mapping[str, float]) -> pd.DataFrame:
    """What the package's loss says of two texts whose rewards differ by so much."""
    counts = torch.tensor(ratings.counts[[first, second]], dtype=torch.float64)
    levels = torch.tensor(LEVELS, dtype=torch.float64)
    rows = {}
    for name, difference in differences.items():
        rewards = torch.tensor([difference, 0.0], dtype=torch.float64)
        rows[name] = {
            "difference of rewards": difference,
            "chance it claims": float(torch.sigmoid(rewards[0] - rewards[1])),
            "loss": float(BradleyTerry()(rewards, counts, levels)),
        }
    return pd.DataFrame(rows).T


def class_table(predictions: Mapping[str, Floats], means: Floats) -> pd.DataFrame:
    """Accuracy, macro recall and macro F1 of three classes, each with its interval; [texts] or [seeds, texts] each."""
    rows = {}
    for name, values in predictions.items():
        found = class_metrics(values, means)
        rows[name] = {metric: f"{e.value:.3f} ({e.interval('.3f')})" for metric, e in found.items()}
    return pd.DataFrame(rows).T.rename(columns={"recall": "macro recall", "f1": "macro F1"})


def stacked(*parts: pd.DataFrame) -> pd.DataFrame:
    """Tables of the same columns, one below the other."""
    return pd.concat(parts)


def class_shares(means: Floats) -> dict[str, float]:
    """How many texts are negative, neutral and positive."""
    found = classes(means)
    return {name: float((found == one).mean()) for name, one in (("negative", -1), ("neutral", 0), ("positive", 1))}


def domain_table(accuracies: Mapping[str, Mapping[str, Estimate]], order: Sequence[str]) -> pd.DataFrame:
    """A row for each of `order`, a column for each domain: pair accuracy with its interval."""
    return pd.DataFrame(
        {
            domain: {name: f"{of[name].value:.3f} ({of[name].interval('.3f')})" for name in order}
            for domain, of in accuracies.items()
        }
    )


def mistakes(predicted: Floats, ratings: Ratings, count: int = 6) -> pd.DataFrame:
    """The snippets of which a model's rating lies farthest off, among those that most people agree on.

    Half of them are those it took to be better than people did, half worse.
    """
    spread = spreads(ratings)
    agreed = spread <= np.median(spread)
    off = predicted - ratings.means
    order = np.argsort(off, kind="stable")
    low, high = ([i for i in of.tolist() if agreed[i]][: count // 2] for of in (order, order[::-1]))
    rows = [
        {
            "snippet": " ".join(ratings.texts[i].split()),
            "people": float(ratings.means[i]),
            "the model": float(predicted[i]),
            "spread of the ratings": float(spread[i]),
        }
        for i in [*high, *low]
    ]
    return pd.DataFrame(rows)


def confident_errors(rewards: Floats, ratings: Ratings, sure: float = 0.9) -> pd.Series:
    """Of pairs whose order a model calls at least so sure: their share, and how often it is right in them."""
    shares = torch.tensor(ratings.counts, dtype=torch.float64)
    above = chance_above(shares).numpy()
    claimed = 1 / (1 + np.exp(-(rewards[:, None] - rewards)))
    known = above + above.T
    chosen = claimed >= sure
    return pd.Series(
        {
            "share": 2 * float(known[chosen].sum() / known.sum()),
            "right": float(above[chosen].sum() / known[chosen].sum()),
        }
    )
