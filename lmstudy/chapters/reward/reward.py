"""Records of reward models and of what they are held against: pair accuracies, differences, a learning curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.preferences.ratings import Ratings
from lmstudy.runs.records import Record
from lmstudy.study.estimates import group_counts, mean_metric
from lmstudy.study.reward_models import predicted
from lmstudy.study.shelf import Shelf

Floats = NDArray[np.float64]
SPLIT, FILM = "test", "film"


def baselines(shelf: Shelf) -> Record:
    """The record of people, a lexicon and ridge regression."""
    return shelf.baseline("data=rated_snippets", "of=ratings")


def rewards(record: Record, texts: Ratings) -> Floats:
    """[texts] the reward itself: `predicted` before it was brought onto the scale of the ratings."""
    return (predicted(record, texts) - record.metrics["scale/offset"]) / record.metrics["scale/slope"]


def pair_counts(records: Sequence[Record], domain: str = FILM, of: str = "pairs") -> Floats:
    """[seeds, texts, 2]: pairs of each text that each model orders rightly, and pairs that can be ordered.

    Args:
        records: of reward models, or one of baselines.
        domain: of the texts.
        of: "pairs" for reward models; of baselines "ceiling", "ridge" or "vader".

    Raises:
        StudyError: a record lacks them, or the records are of different texts.
    """
    return group_counts(records, f"{SPLIT}/{domain}/{of}")


def accuracies(
    models: Mapping[str, Sequence[Record]], known: Record, names: Mapping[str, str], domain: str = FILM
) -> dict[str, Estimate]:
    """Pair accuracy of the models and of what `names` calls the baselines; the best first."""
    found = {name: ratio_of_sums_bootstrap(pair_counts(records, domain)) for name, records in models.items()}
    found |= {shown: ratio_of_sums_bootstrap(pair_counts([known], domain, name)) for name, shown in names.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1].value))


def below_ceiling(records: Sequence[Record], known: Record) -> Estimate:
    """The ceiling minus the pair accuracy of models, on the same texts."""
    return paired_difference(pair_counts([known], of="ceiling"), pair_counts(records))


def above_baseline(records: Sequence[Record], known: Record, name: str) -> Estimate:
    """The pair accuracy of models minus that of a baseline, on the same texts."""
    return paired_difference(pair_counts(records), pair_counts([known], of=name))


Point = tuple[float, Estimate]
"""Ratings that were learned from, and the pair accuracy that they brought."""


def learning_curve(arms: Sequence[Sequence[Record]]) -> list[Point]:
    """A point for each arm (its runs by seed), by the number of ratings."""
    points = [(mean_metric(own, "train/ratings"), ratio_of_sums_bootstrap(pair_counts(own))) for own in arms]
    return sorted(points, key=lambda point: point[0])


def ridge_curve(known: Record, ratings: float) -> tuple[list[float], list[list[float]]]:
    """Numbers of ratings, and for each the pair accuracies of ridge regression by seed; the last is of all ratings."""
    curves: list[Any] = [curve for name, curve in known.curves.items() if name.startswith("ridge/")]
    steps = np.mean([curve["step"] for curve in curves], 0).tolist()
    values = np.array([curve["value"] for curve in curves]).T.tolist()
    return [*steps, ratings], [*values, [known.metrics[f"{SPLIT}/{FILM}/ridge"]] * len(curves)]
