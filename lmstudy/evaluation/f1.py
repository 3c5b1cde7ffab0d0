"""Macro F1 with an interval, from confusion tables of groups of examples."""

from __future__ import annotations

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import (
    Estimate,
    Statistic,
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
    return hierarchical_bootstrap([(1.0, _flat(first), "seeds", "groups")], len(first), of=_of(first))


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
    told = max(first.shape[3], second.shape[3])
    one, other = (np.pad(t, [(0, 0)] * 3 + [(0, told - t.shape[3])]) for t in (first, second))
    return hierarchical_bootstrap(difference(_flat(one), _flat(other)), max(len(one), len(other)), of=_of(one))


def macro_f1_of(tables: np.ndarray) -> np.ndarray:
    """Macro F1 of confusion tables [..., K, M], M >= K: [...].

    The mean over all K classes of 2 right / (told + there); a class that is neither told nor there counts as 0.
    """
    right = np.diagonal(tables, axis1=-2, axis2=-1)
    both = tables.sum(-1) + tables.sum(-2)[..., : tables.shape[-2]]
    f1 = np.divide(2 * right, both, out=np.zeros(both.shape), where=both > 0)
    return np.asarray(f1.mean(-1))


def _checked(tables: np.ndarray) -> np.ndarray:
    found = np.asarray(tables, dtype=float)
    if found.ndim != 4 or found.shape[3] < found.shape[2] or not found.size:
        raise StudyError(f"confusion tables have shape {list(found.shape)}: it must be [seeds, groups, K, M], M >= K")
    if not np.isfinite(found).all() or (found < 0).any():
        raise StudyError("confusion tables hold counts below 0, or that are not finite")
    return found


def _flat(tables: np.ndarray) -> np.ndarray:
    return tables.reshape(*tables.shape[:2], -1)


def _of(tables: np.ndarray) -> Statistic:
    true, told = tables.shape[2:]

    def statistic(*cells: np.ndarray) -> np.ndarray:
        return macro_f1_of(np.stack(cells, -1).reshape(-1, true, told))

    return statistic
