"""Rewriting: bad text is repaired before training, and then learned as any other."""

import numpy as np

from lmstudy.data.views import Joined, Selected, View
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.base import check_share
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.preferences.scored import Repaired, ScoredDocuments


class Rewriting(MLE):
    """Maximum likelihood on all documents, those with a bad segment as the scorer's rewriter repaired them.

    Safety pretraining rephrases unsafe text in this way, by a language model (Maini et al. 2025, arXiv 2504.16980);
    here a formatter repairs style, and placeholders stand for personal data. A document that was not repaired is read
    as it was, its bad segments included; one that has no score is left out. There are as many documents as before, and
    a training reads steps x rows x length target tokens, as with any objective.

    Args:
        onset, cooldown: shares of the steps that are maximum likelihood on what people wrote, first and last.
    """

    name = "rewriting"
    scored = True
    rewrites = True

    def __init__(self, onset: float = 0.0, cooldown: float = 0.0) -> None:
        self.onset, self.cooldown = check_share("onset", onset), check_share("cooldown", cooldown)

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """As many documents as have scores, the repaired ones in their places."""
        repaired = repaired_of(self.name, scored)
        place = np.arange(len(scored.store))
        place[repaired.index] = len(place) + np.arange(len(repaired.index))
        documents = Selected(Joined(scored.store, repaired.scored.store), place[scored.scored()])
        note = said(repaired)
        return View(documents, notes=(note if len(repaired.index) else f"{note}: this run is maximum likelihood",))


def repaired_of(name: str, scored: ScoredDocuments) -> Repaired:
    """The repaired documents; StudyError where scores came without them."""
    if scored.repaired is None:
        raise StudyError(f"objective={name} needs repaired documents: lmstudy.preferences.rewritten.rewrite_split")
    return scored.repaired


def said(repaired: Repaired) -> str:
    """One line of what became of the documents with bad segments."""
    if not len(repaired.index):
        return "rewriting changes no document"
    counts = {name.split("/")[1]: f"{int(value):,}" for name, value in repaired.counts.items()}
    return (
        f"rewriting: {counts['rewritten']} of {counts['with_bad']} documents with a bad segment were repaired "
        f"(left as they were: {counts['left_failed']} failed, {counts['left_empty']} empty, {counts['left_unchanged']} "
        f"unchanged, {counts['left_no_better']} no better); bad segments: {counts['bad_segments']} of "
        f"{counts['segments']} before, {counts['bad_segments_after']} of {counts['segments_after']} after"
    )
