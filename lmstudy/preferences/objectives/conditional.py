"""Conditional training: the model learns to write good and bad segments, and which is which."""

import numpy as np

from lmstudy.data.views import Controlled, Selected, View, control_tokens
from lmstudy.preferences.objectives.base import check_both_kinds, check_share
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.preferences.scored import ScoredDocuments


class Conditional(MLE):
    """L = -1/n sum_t log p(y_t | c_t, y_<t, x): cross-entropy behind control tokens c, good where s <= t, else bad.

    Each segment stands behind the token that says which it is (Korbak et al. 2023, after Keskar et al. 2019 and Lu et
    al. 2022). To write, the model is given the good one at the beginning of every segment.

    Args:
        drop: probability of leaving a control token out, so that the model also knows text without them.
        onset, cooldown: shares of the steps that are maximum likelihood without control tokens, first and last.
    """

    name = "conditional"
    scored = True
    controlled = True

    def __init__(self, drop: float = 0.05, onset: float = 0.0, cooldown: float = 0.0) -> None:
        self.drop = check_share("drop", drop)
        self.onset, self.cooldown = check_share("onset", onset), check_share("cooldown", cooldown)

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """Documents that have scores, with control tokens in them; which are left out follows the seed."""
        check_both_kinds(scored)
        control = control_tokens(scored.good(), self.drop, np.random.default_rng([seed, 1]))
        documents = Controlled(scored.store, control, scored.offsets)
        notes = ("drop=1: no control token is left, this run is maximum likelihood",) if self.drop == 1 else ()
        return View(Selected(documents, scored.scored()) if len(scored.unscored) else documents, notes=notes)
