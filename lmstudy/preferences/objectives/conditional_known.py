"""Conditional training where only some of the texts are known to be good or bad: the others are read as they are."""

import numpy as np

from lmstudy.data.views import NONE, Controlled, View, control_tokens
from lmstudy.preferences.objectives.base import check_both_kinds
from lmstudy.preferences.objectives.conditional import Conditional
from lmstudy.preferences.scored import ScoredDocuments


class ConditionalKnown(Conditional):
    """As `Conditional`, but documents without a score are kept, and no control token stands before them.

    Args:
        drop: probability of leaving a control token out where there is a score.
        onset, cooldown: shares of the steps that are maximum likelihood without control tokens, first and last.
    """

    name = "conditional_known"

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """All documents, those without a score as they are; a note says how many segments are known."""
        check_both_kinds(scored)
        control = control_tokens(scored.good(), self.drop, np.random.default_rng([seed, 1]))
        control[np.isnan(scored.scores)] = NONE
        unknown = int(np.isnan(scored.scores).sum())
        note = (
            f"control tokens stand before {int((control != NONE).sum()):,} of {len(control):,} segments; "
            f"{unknown:,} have no score and are read without"
        )
        return View(Controlled(scored.store, control, scored.offsets), notes=(note,))
