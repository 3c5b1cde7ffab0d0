"""Macro F1 with an interval, from confusion tables of groups of examples."""

from __future__ import annotations

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import (
    Estimate,
    check_same_seeds,
    difference,
    hierarchical_bootstrap,
)


def macro_f1(tables: np.ndarray) -> Estimate:
    """Mean over classes of 2 right / (told + there), over seeds and groups of examples.

    Args:
        tables: [seeds, groups, K, M] counts, true class by told class; M > K where some answers are no class.

    Raises:
        StudyError: another shape, or counts below 0.
    """
    first = _checked(tables)
    return hierarchical_bootstrap([(1.0, _counts(first), "seeds", "groups")], len(first), of=_mean_f1)


def macro_f1_difference(a: np.ndarray, b: np.ndarray) -> Estimate:
    """Macro F1 of a minus that of b on the same groups of examples, paired as in `paired_difference`.

    Raises:
        StudyError: as `macro_f1`; other classes or groups, or numbers of seeds that do not match.
    """
    first, second = _checked(a), _checked(b)
    if first.shape[1:3] != second.shape[1:3]:
        raise StudyError(
            f"a difference of tables {list(first.shape)} and {list(second.shape)}: groups and classes differ"
        )
    check_same_seeds(first, second)
    terms = difference(_counts(first), _counts(second))
    return hierarchical_bootstrap(terms, max(len(first), len(second)), of=_mean_f1)


def _checked(tables: np.ndarray) -> np.ndarray:
    found = np.asarray(tables, dtype=float)
    if found.ndim != 4 or found.shape[3] < found.shape[2] or not found.size:
        raise StudyError(f"confusion tables have shape {list(found.shape)}: it must be [seeds, groups, K, M], M >= K")
    if not np.isfinite(found).all() or (found < 0).any():
        raise StudyError("confusion tables hold counts below 0, or that are not finite")
    return found


def _counts(tables: np.ndarray) -> np.ndarray:
    """[..., 2K]: how often each class was told rightly, then how often it was told and there; all that F1 needs."""
    told = tables.sum(-2)[..., : tables.shape[-2]]
    return np.concatenate([np.diagonal(tables, axis1=-2, axis2=-1), tables.sum(-1) + told], -1)


def _mean_f1(*counts: np.ndarray) -> np.ndarray:
    """Of the sums of each column of `_counts`: the mean of F1 over classes."""
    right, both = np.split(np.stack(counts, -1), 2, -1)
    return np.asarray(np.divide(2 * right, both, out=np.zeros(both.shape), where=both > 0).mean(-1))
