"""Records of reward models and of what they are held against: pair accuracies, differences, a learning curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record

Floats = NDArray[np.float64]
SPLIT, FILM = "test", "film"


def pair_counts(records: Sequence[Record], domain: str = FILM) -> Floats:
    """[seeds, texts, 2]: pairs of each text that each model orders rightly, and pairs that can be ordered.

    Raises:
        StudyError: a record lacks them, or the records are of different texts.
    """
    key = f"{SPLIT}/{domain}/pairs"
    lacking = [record.name for record in records if key not in record.groups]
    if lacking or not records:
        raise StudyError(f"{key}: not in the record {lacking[0]}" if lacking else f"{key}: no record is given")
    if len({record.data for record in records}) > 1:
        raise StudyError(f"{key}: the records were made from different data")
    return np.array([record.groups[key] for record in records])


def baseline_counts(record: Record, name: str, domain: str = FILM) -> Floats:
    """[1, texts, 2]: the same of "ceiling", "ridge" or "vader"."""
    return np.array([record.groups[f"{SPLIT}/{domain}/{name}"]])


def accuracies(
    models: Mapping[str, Sequence[Record]], known: Record, names: Mapping[str, str], domain: str = FILM
) -> dict[str, Estimate]:
    """Pair accuracy of the models and of what `names` calls the baselines; the best first."""
    found = {name: ratio_of_sums_bootstrap(pair_counts(records, domain)) for name, records in models.items()}
    found |= {shown: ratio_of_sums_bootstrap(baseline_counts(known, name, domain)) for name, shown in names.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1].value))


def below_ceiling(records: Sequence[Record], known: Record) -> Estimate:
    """The ceiling minus the pair accuracy of models, on the same texts."""
    return paired_difference(baseline_counts(known, "ceiling"), pair_counts(records))


def above_baseline(records: Sequence[Record], known: Record, name: str) -> Estimate:
    """The pair accuracy of models minus that of a baseline, on the same texts."""
    return paired_difference(pair_counts(records), baseline_counts(known, name))


Point = tuple[float, Estimate]
"""Ratings that were learned from, and the pair accuracy that they brought."""


def learning_curve(arms: Sequence[Sequence[Record]]) -> list[Point]:
    """A point for each arm (its runs by seed), by the number of ratings."""
    points = [
        (float(np.mean([r.metrics["train/ratings"] for r in records])), ratio_of_sums_bootstrap(pair_counts(records)))
        for records in arms
    ]
    return sorted(points, key=lambda point: point[0])


def ridge_curve(known: Record, ratings: float) -> tuple[list[float], list[list[float]]]:
    """Numbers of ratings, and for each the pair accuracies of ridge regression by seed; the last is of all ratings."""
    curves: list[Any] = [curve for name, curve in known.curves.items() if name.startswith("ridge/")]
    steps = np.mean([curve["step"] for curve in curves], 0).tolist()
    values = np.array([curve["value"] for curve in curves]).T.tolist()
    return [*steps, ratings], [*values, [known.metrics[f"{SPLIT}/{FILM}/ridge"]] * len(curves)]
