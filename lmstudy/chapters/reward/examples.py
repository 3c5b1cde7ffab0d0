"""What the chapter on reward models shows of single snippets: the pairs they make, their classes, mistakes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lmstudy.evaluation.rating_classes import class_metrics, classes
from lmstudy.preferences.ratings import LEVELS, Ratings
from lmstudy.show.ratings import spreads
from lmstudy.training.reward_losses import BradleyTerry, chance_above

Floats = NDArray[np.float64]


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
            "probability it gives": float(torch.sigmoid(rewards[0] - rewards[1])),
            "loss": float(BradleyTerry()(rewards, counts, levels)),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def class_table(predictions: Mapping[str, Floats], means: Floats) -> pd.DataFrame:
    """Accuracy, macro recall and macro F1 of three classes, each with its interval; [texts] or [seeds, texts] each."""
    rows = {name: class_metrics(values, means) for name, values in predictions.items()}
    found = pd.DataFrame.from_dict(rows, orient="index", dtype=object)
    return found.rename(columns={"recall": "macro recall", "f1": "macro F1"})


def class_shares(means: Floats) -> dict[str, float]:
    """How many texts are negative, neutral and positive."""
    found = classes(means)
    return {name: float((found == one).mean()) for name, one in (("negative", -1), ("neutral", 0), ("positive", 1))}


def mistakes(predicted: Floats, ratings: Ratings, count: int = 6) -> pd.DataFrame:
    """The snippets of which a model's rating lies farthest off, among those that most people agree on.

    Half of them are those it took to be better than people did, half worse.
    """
    spread = spreads(ratings)
    agreed = spread <= np.median(spread)
    off = predicted - ratings.means
    order = np.argsort(off, kind="stable")
    low, high = ([i for i in of.tolist() if agreed[i]][: count // 2] for of in (order, order[::-1]))
    chosen = [*high, *low]
    columns = {"people": ratings.means, "the model": predicted, "spread of the ratings": spread}
    snippets = {"snippet": [" ".join(ratings.texts[i].split()) for i in chosen]}
    return pd.DataFrame(snippets | {name: of[chosen] for name, of in columns.items()})
