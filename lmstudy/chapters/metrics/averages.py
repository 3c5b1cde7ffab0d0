"""What metrics make of a model's predictions: averages over classes, probabilities, intervals.

The next token is a classification with as many classes as the vocabulary has entries, plus one for the end of a
document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torchmetrics import Metric
from torchmetrics.classification import (
    BinaryCalibrationError,
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from lmstudy.chapters.metrics.models import Predictions
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap, seed_interval

CALIBRATION_BINS = 10

FEWEST_FILES = 10
"""Below this, files are too few to resample."""


def averages(models: Mapping[str, Predictions]) -> pd.DataFrame:
    """Accuracy, precision, recall and F1 of next tokens, averaged in three ways; a row for each model.

    Classes are the tokens that came or were guessed; others take no part in any average. A class that was
    never guessed has no precision: it counts as 0, as do recall and F1 where they are 0 / 0.
    """
    return pd.DataFrame({name: _averages(p) for name, p in models.items()}).T


def _averages(predictions: Predictions) -> dict[str, float]:
    classes, number = np.unique(np.concatenate([predictions.target, predictions.guess]), return_inverse=True)
    target, guess = torch.from_numpy(number).chunk(2)
    kinds: dict[str, type[Metric]] = {
        "precision": MulticlassPrecision,
        "recall": MulticlassRecall,
        "F1": MulticlassF1Score,
    }
    metrics: dict[str, Metric] = {"accuracy": MulticlassAccuracy(len(classes), average="micro")}
    for average in ("micro", "weighted", "macro"):
        for kind, metric in kinds.items():
            metrics[f"{average} {kind}"] = metric(num_classes=len(classes), average=average, validate_args=False)
    return {name: float(metric(guess, target)) for name, metric in metrics.items()}


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


def hedged(predictions: Predictions, share: float) -> Predictions:
    """The model mixed with a uniform one, p' = (1 - share) p + share / (V + 1): the guess stays, every time."""
    _check_share(share)
    even = share / predictions.outcomes
    return replace(
        predictions,
        chance=(1 - share) * predictions.chance + even,
        confidence=(1 - share) * predictions.confidence + even,
    )


def boastful(predictions: Predictions, share: float) -> Predictions:
    """The model mixed with certainty of its own guess, p' = (1 - share) p + share [guess]: the guess stays."""
    _check_share(share)
    return replace(
        predictions,
        chance=(1 - share) * predictions.chance + share * predictions.right,
        confidence=(1 - share) * predictions.confidence + share,
    )


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise StudyError(f"share={share}: the part of the mixture must be at least 0 and below 1")


def calibration_error(predictions: Predictions) -> float:
    """Expected calibration error: mean over bins of |share right - mean confidence|, weighted by their sizes.

    The binary metric is given the confidence of the guess and whether it was right, which is what the error of
    a model with many classes comes to.
    """
    metric = BinaryCalibrationError(n_bins=CALIBRATION_BINS, norm="l1")
    return float(metric(torch.from_numpy(predictions.confidence), torch.from_numpy(predictions.right.astype(int))))


def same_answers(models: Mapping[str, Predictions]) -> pd.DataFrame:
    """Accuracy, loss, perplexity, calibration: what agrees, and what does not, among models of equal guesses."""
    rows = {
        name: {
            "accuracy": p.right.mean(),
            "loss (bits a token)": p.bits.mean(),
            "perplexity": p.perplexity,
            "mean confidence": p.confidence.mean(),
            "calibration error": calibration_error(p),
        }
        for name, p in models.items()
    }
    return pd.DataFrame(rows).T


def reliability(predictions: Predictions, draws: int = 1000) -> pd.DataFrame:
    """For each bin of confidence that holds an answer: mean confidence, share right and its interval, answers.

    Intervals are over documents; they are NaN where all answers of a bin lie in one document.
    """
    bins = np.minimum((predictions.confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    rows = []
    for number in np.unique(bins):
        chosen = bins == number
        _, document = np.unique(predictions.document[chosen], return_inverse=True)
        answers = np.bincount(document)
        right = np.bincount(document, weights=predictions.right[chosen])
        share = ratio_of_sums_bootstrap(np.stack([right, answers], 1)[None], draws=draws)
        rows.append([predictions.confidence[chosen].mean(), share.value, share.low, share.high, int(chosen.sum())])
    return pd.DataFrame(rows, columns=["confidence", "right", "low", "high", "answers"])


def accuracy(predictions: Predictions, files: list[str]) -> dict[str, Estimate]:
    """Share of right answers with three intervals, by what is taken to be independent of what.

    "tokens" takes each place for a draw of its own; "documents" and "files" resample these whole. `n` of each
    estimate is the number of units. Fewer than `FEWEST_FILES` files, as in a corpus that is one list, are left out.
    """
    found = {"tokens": seed_interval(predictions.right.astype(float))}
    for name, unit in _units(predictions, files).items():
        found[name] = replace(ratio_of_sums_bootstrap(_counts(predictions, unit)), n=int(unit.max()) + 1)
    return found


def difference(a: Predictions, b: Predictions, files: list[str]) -> dict[str, Estimate]:
    """Accuracy of a minus that of b at the same places, intervals as in `accuracy`; both share every draw.

    Raises:
        StudyError: predictions at different places.
    """
    if not (np.array_equal(a.target, b.target) and np.array_equal(a.document, b.document)):
        raise StudyError("a difference in accuracy needs two models' predictions of the same documents")
    found = {"tokens": seed_interval(a.right.astype(float) - b.right)}
    for name, unit in _units(a, files).items():
        found[name] = replace(paired_difference(_counts(a, unit), _counts(b, unit)), n=int(unit.max()) + 1)
    return found


def interval_table(columns: Mapping[str, Mapping[str, Estimate]]) -> pd.DataFrame:
    """Estimates of `accuracy` and `difference` side by side: units, half widths in points, and what tokens are worth.

    The last is by how much the first column's squared width grows from tokens to the unit: the number of tokens
    that tell as much as one independent one.
    """
    first = next(iter(columns.values()))
    table = pd.DataFrame({"units": {unit: estimate.n for unit, estimate in first.items()}})
    for name, estimates in columns.items():
        table[f"{name}, ±"] = {unit: 100 * (e.high - e.low) / 2 for unit, e in estimates.items()}
    widths = table.iloc[:, 1]
    return table.assign(**{"tokens worth one": (widths / widths["tokens"]) ** 2})


def _units(predictions: Predictions, files: list[str]) -> dict[str, np.ndarray]:
    """The number of the document, and of the file if there are enough, of each place."""
    numbers = np.unique(files, return_inverse=True)[1]
    units = {"documents": predictions.document}
    return units | ({"files": numbers[predictions.document]} if numbers.max() + 1 >= FEWEST_FILES else {})


def _counts(predictions: Predictions, unit: np.ndarray) -> np.ndarray:
    """[1, units, 2] of (right answers, answers)."""
    return np.stack([np.bincount(unit, weights=predictions.right), np.bincount(unit)], 1)[None]
