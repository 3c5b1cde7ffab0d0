"""Models that give the same answers with other probabilities: perplexity and calibration tell them apart."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torchmetrics.classification import BinaryCalibrationError

from lmstudy.chapters.metrics.next_token import Predictions
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.show.curves import Curve, curves
from lmstudy.show.style import COLOURS, GREY

CALIBRATION_BINS = 10


def underconfident(predictions: Predictions, share: float) -> Predictions:
    """The model mixed with a uniform one, p' = (1 - share) p + share / (V + 1): the guess stays, every time."""
    return _mixed(predictions, share, 1 / predictions.outcomes, 1 / predictions.outcomes)


def overconfident(predictions: Predictions, share: float) -> Predictions:
    """The model mixed with certainty of its own guess, p' = (1 - share) p + share [guess]: the guess stays."""
    return _mixed(predictions, share, predictions.right, 1.0)


def _mixed(predictions: Predictions, share: float, chance: np.ndarray | float, confidence: float) -> Predictions:
    """With a model that gives `chance` to what came and `confidence` to the same guess."""
    if not 0 <= share < 1:
        raise StudyError(f"share={share}: the part of the mixture must be at least 0 and below 1")
    return replace(
        predictions,
        chance=(1 - share) * predictions.chance + share * chance,
        confidence=(1 - share) * predictions.confidence + share * confidence,
    )


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


def reliability(predictions: Predictions, draws: int = 1000) -> dict[float, Estimate]:
    """For each bin of confidence that holds an answer: the share right, by the mean confidence; `n` answers.

    Intervals are over documents; they are NaN where all answers of a bin lie in one document.
    """
    bins = np.minimum((predictions.confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    found = {}
    for number in np.unique(bins):
        chosen = bins == number
        _, document = np.unique(predictions.document[chosen], return_inverse=True)
        right = np.bincount(document, weights=predictions.right[chosen])
        share = ratio_of_sums_bootstrap(np.stack([right, np.bincount(document)], 1)[None], draws=draws)
        found[float(predictions.confidence[chosen].mean())] = replace(share, n=int(chosen.sum()))
    return found


def reliability_figure(models: Mapping[str, Mapping[float, Estimate]]) -> Figure:
    """Share of right answers against confidence, one line a model (see `reliability`)."""
    found: dict[str, Curve] = {"perfectly calibrated": {0.0: 0.0, 1.0: 1.0}, **models}
    labels = ("confidence: the probability of the predicted token", "share correct")
    return curves(found, *labels, from_zero=True, colours=dict(zip(found, (GREY, *COLOURS), strict=False)))
