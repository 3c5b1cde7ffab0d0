"""Linear probes: can a straight cut through a network's states tell good from bad? (Alain and Bengio 2017)

A probe is a logistic regression on standardised states. It is learned on some documents and judged on others, by the
area under the ROC curve (AUC): the chance that a bad segment looks worse than a good one; .5 is guessing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmstudy.errors import StudyError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
DIRECTIONS = 32
"""Random ones that a baseline is the mean of."""
PENALTY = 0.1
"""`C` of scikit-learn: the weight of the data against that of small coefficients."""


@dataclass(frozen=True)
class Probe:
    """score(h) = weight (h - mean) / scale: higher is worse.

    Attributes:
        mean, scale: [D] of the states that it was learned on; a channel that never changes has scale 1.
        weight: [D] of standardised channels.
    """

    mean: Floats
    scale: Floats
    weight: Floats

    def scores(self, states: Floats) -> Floats:
        """[n] of states [n, D]."""
        scored: Floats = ((states - self.mean) / self.scale) @ self.weight
        return scored

    @property
    def normal(self) -> Floats:
        """[D], length 1: the direction in which the score falls fastest, so to good."""
        return _unit(-self.weight / self.scale)

    def pattern(self, states: Floats) -> Floats:
        """[D], length 1: how states [n, D] themselves change as their score falls (Haufe et al. 2014).

        The normal is a filter: it also points away from what merely disturbs the score, and a network need not act on
        that. The pattern is the covariance of states and score, with the same sign.
        """
        return _unit(-((states - states.mean(0)).T @ self.scores(states)))


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit


def check_both(bad: Bools, of: str) -> None:
    """Raises StudyError unless there are good and bad segments; `of` says where they were looked for."""
    if bad.all() or not bad.any():
        kind = "bad" if len(bad) and bad.all() else "good"
        raise StudyError(
            f"a probe needs good and bad segments, and all {len(bad)} {of} are {kind}; "
            "take more documents, another split, or another threshold"
        )


def standardised(states: Floats, like: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """States [n, D] with mean 0 and spread 1 in each channel (of the states that they are to be `like`)."""
    own = states if like is None else like
    mean, spread = own.mean(0), own.std(0)
    scale = np.where(spread > 1e-6 * (1 + np.abs(mean)), spread, 1.0)
    return (states - mean) / scale, mean, scale


def fitted(states: Floats, bad: Bools, of: str = "segments") -> Probe:
    """The probe learned from states [n, D] and whether each is of a bad segment [n].

    Raises:
        StudyError: all are good, or all are bad.
    """
    from sklearn.linear_model import LogisticRegression

    check_both(bad, of)
    x, mean, scale = standardised(states)
    found = LogisticRegression(C=PENALTY, max_iter=1000).fit(x, bad)
    return Probe(mean, scale, found.coef_[0])


def auc(scores: Floats, bad: Bools, of: str = "segments") -> float:
    """Chance that a bad one of [n] has a higher score than a good one, ties counting half; errors as `fitted`."""
    from sklearn.metrics import roc_auc_score

    check_both(bad, of)
    return float(roc_auc_score(bad, scores))


def held_out_auc(states: Floats, bad: Bools, half: Bools, of: str = "segments") -> float:
    """The probe's AUC on documents that it did not learn from: each half [n] is judged by a probe of the other."""
    return float(
        np.mean([auc(_learned(states, bad, own, of).scores(states[~own]), bad[~own], of) for own in _both(half)])
    )


def _both(half: Bools) -> tuple[Bools, Bools]:
    return half, ~half


def _learned(states: Floats, bad: Bools, own: Bools, of: str) -> Probe:
    return fitted(states[own], bad[own], of)


def random_auc(states: Floats, bad: Bools, half: Bools, seed: int, of: str = "segments") -> float:
    """The mean AUC of random directions in standardised states, each turned so that it is right on the other half."""
    rng = np.random.default_rng(seed)
    found = []
    for own in _both(half):
        learned, judged = standardised(states[own])[0], standardised(states[~own], states[own])[0]
        for direction in rng.normal(size=(DIRECTIONS, states.shape[1])):
            sign = 1.0 if auc(learned @ direction, bad[own], of) >= 0.5 else -1.0
            found.append(auc(sign * (judged @ direction), bad[~own], of))
    return float(np.mean(found))
