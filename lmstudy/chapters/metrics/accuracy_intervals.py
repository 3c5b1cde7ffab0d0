"""How sure an accuracy is: its interval by what is resampled, tokens, whole documents or whole files."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lmstudy.chapters.metrics.next_token import Predictions
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap, seed_interval

FEWEST_FILES = 10
"""Below this, files are too few to resample."""


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
    return table.assign(**{"design effect": (widths / widths["tokens"]) ** 2})


def _units(predictions: Predictions, files: list[str]) -> dict[str, np.ndarray]:
    """The number of the document, and of the file if there are enough, of each place."""
    numbers = np.unique(files, return_inverse=True)[1]
    units = {"documents": predictions.document}
    return units | ({"files": numbers[predictions.document]} if numbers.max() + 1 >= FEWEST_FILES else {})


def _counts(predictions: Predictions, unit: np.ndarray) -> np.ndarray:
    """[1, units, 2] of (right answers, answers)."""
    return np.stack([np.bincount(unit, weights=predictions.right), np.bincount(unit)], 1)[None]
