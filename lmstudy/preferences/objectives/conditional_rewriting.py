"""Conditional training with both sides of a repair: bad text behind the bad token, repaired behind the good one."""

import numpy as np

from lmstudy.data.views import Controlled, Joined, Selected, View, control_tokens
from lmstudy.preferences.objectives.base import check_both_kinds
from lmstudy.preferences.objectives.conditional import Conditional
from lmstudy.preferences.objectives.rewriting import repaired_of, said
from lmstudy.preferences.scored import ScoredDocuments


class ConditionalRewriting(Conditional):
    """As `Conditional`, with a second copy of every document that the scorer's rewriter repaired.

    The pool holds all documents with scores as people wrote them, then the repaired copies; in both a control token
    stands before each segment and says what the scorer says of it, so that a segment that the rewriter did not mend is
    behind the bad token in the copy, too. A repaired document is drawn twice an epoch and any other once. That makes
    the pool larger and no training longer: a training reads steps x rows x length target tokens, as with any
    objective, control tokens included, as in `Conditional`; it goes through a larger pool fewer times.

    Args:
        drop: probability of leaving a control token out; in documents as people wrote them the same ones are left out
            as by `Conditional` with the same seed.
        onset, cooldown: shares of the steps that are maximum likelihood on what people wrote, first and last.
    """

    name = "conditional_rewriting"
    rewrites = True

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """Documents that have scores, then the repaired ones, with control tokens in them."""
        check_both_kinds(scored)
        repaired = repaired_of(self.name, scored)
        rng = np.random.default_rng([seed, 1])
        both = [
            Controlled(own.store, control_tokens(own.good(), self.drop, rng), own.offsets)
            for own in (scored, repaired.scored)
        ]
        copies = len(scored.store) + np.arange(len(repaired.index))
        index = np.concatenate([scored.scored(), copies])
        notes = (said(repaired), *super().view(scored, seed).notes)
        return View(Selected(Joined(*both), index), notes=notes)
