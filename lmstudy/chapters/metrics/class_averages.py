"""Accuracy, precision, recall and F1 of next tokens, averaged over classes in three ways, and which tokens carry them.

The next token is a classification with as many classes as the vocabulary has entries, plus one for the end of a
document.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_fscore_support

from lmstudy.chapters.metrics.next_token import Predictions
from lmstudy.show.curves import curves


def averages(models: Mapping[str, Predictions]) -> pd.DataFrame:
    """Accuracy, precision, recall and F1 of next tokens, averaged in three ways; a row for each model.

    Classes are the tokens that came or were guessed; others take no part in any average. A class that was
    never guessed has no precision: it counts as 0, as do recall and F1 where they are 0 / 0.
    """
    rows = {}
    for name, p in models.items():
        rows[name] = {"accuracy": p.right.mean()}
        for average in ("micro", "weighted", "macro"):
            scores = precision_recall_fscore_support(p.target, p.guess, average=average, zero_division=0)
            rows[name] |= {f"{average} {kind}": scores[i] for i, kind in enumerate(("precision", "recall", "F1"))}
    return pd.DataFrame.from_dict(rows, orient="index")


def by_rank(predictions: Predictions) -> pd.DataFrame:
    """Tokens from the most frequent to the rarest among what came, and the running shares they hold.

    Columns `token`, `tokens` (share of all places) and `right` (share of all right answers), cumulative; the
    index counts ranks from 1.
    """
    came = np.bincount(predictions.target, minlength=predictions.outcomes)
    right = np.bincount(predictions.target[predictions.right], minlength=predictions.outcomes)
    order = np.argsort(-came, kind="stable")[: int((came > 0).sum())]
    shares = {"token": order, "tokens": came[order].cumsum() / came.sum(), "right": right[order].cumsum() / right.sum()}
    return pd.DataFrame(shares, index=np.arange(1, len(order) + 1))


def running_shares_figure(ranks: pd.DataFrame) -> Figure:
    """The share of all tokens, and of all right answers, that the most frequent so many hold (see `by_rank`)."""
    marked = [rank for rank in (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000) if rank < len(ranks)]
    found = {
        name: {float(rank): ranks.loc[rank, column] for rank in [*marked, len(ranks)]}
        for name, column in {"correct predictions": "right", "all tokens": "tokens"}.items()
    }
    return curves(found, "number of most frequent tokens", "cumulative share", log_x=True, from_zero=True)


def rare_classes(predictions: Predictions, times: int) -> dict[str, float]:
    """Shares of what macro averages count alike and others do not: classes that came at most `times` times.

    `classes` (all that came or were guessed), `never_came` and `rare` (their shares of those), and `places`, the
    share of all places that the rare ones hold.
    """
    came = np.bincount(predictions.target, minlength=predictions.outcomes)
    guessed = np.bincount(predictions.guess, minlength=predictions.outcomes)
    classes = (came + guessed) > 0
    rare = classes & (came <= times)
    return {
        "classes": float(classes.sum()),
        "never_came": float((classes & (came == 0)).sum() / classes.sum()),
        "rare": float(rare.sum() / classes.sum()),
        "places": float(came[rare].sum() / came.sum()),
    }
