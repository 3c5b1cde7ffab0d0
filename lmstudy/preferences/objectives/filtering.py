"""Filtering: maximum likelihood on the documents that people mind least."""

import numpy as np

from lmstudy.data.views import Selected, View
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.base import check_share
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.preferences.scored import ScoredDocuments


class Filtering(MLE):
    """Documents whose mean segment score exceeds t are dropped; maximum likelihood on the others for as many steps.

    What is left is read more often, so that a filtered run costs what the others cost (Korbak et al. 2023).

    Args:
        threshold: t, on the scorer's scale; None takes the scorer's own.
        keep: in the place of t, the share (0 to 1) of documents to keep, those with the lowest means; None uses t.
        onset, cooldown: shares of the steps that are maximum likelihood on all documents, first and last.
    """

    name = "filtering"
    scored = True

    def __init__(
        self, threshold: float | None = None, keep: float | None = None, onset: float = 0.0, cooldown: float = 0.0
    ) -> None:
        self.threshold, self.keep = threshold, None if keep is None else check_share("keep", keep)
        self.onset, self.cooldown = check_share("onset", onset), check_share("cooldown", cooldown)

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """The documents that are kept.

        Raises:
            StudyError: none is.
        """
        means = scored.document_means()
        known = scored.scored()
        limit = scored.threshold if self.threshold is None else self.threshold
        if self.keep is not None and len(known):
            limit = float(np.quantile(means[known], self.keep))
        index = known[means[known] <= limit]
        if not len(index):
            spread = f"{means[known].min():g} to {means[known].max():g}" if len(known) else "there are none"
            raise StudyError(
                f"objective.threshold={limit:g}: filtering leaves no document (mean scores: {spread}); raise it"
            )
        notes = () if len(index) < len(means) else ("filtering drops no document: this run is maximum likelihood",)
        return View(Selected(scored.store, index), notes=notes)
