"""Selective loss: bad tokens are read, and not learned to be written."""

from torch import Tensor

from lmstudy.data.views import View
from lmstudy.preferences.objectives.base import (
    Objective,
    ObjectiveOutput,
    check_both_kinds,
    check_share,
    chosen_scores,
    token_losses,
)
from lmstudy.preferences.scored import ScoredDocuments


class Selective(Objective):
    """L = mean of -1[s <= t] log p, over tokens: the masked loss of SLUNG (Wang et al. 2025, arXiv 2505.03052).

    Args:
        onset, cooldown: shares of the steps that are maximum likelihood, first and last.
    """

    name = "selective"

    def __init__(self, onset: float = 0.0, cooldown: float = 0.0) -> None:
        self.onset, self.cooldown = check_share("onset", onset), check_share("cooldown", cooldown)
        self.threshold = 0.0

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        check_both_kinds(scored)
        self.threshold = scored.threshold
        return super().view(scored, seed)

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        losses, chosen = token_losses(logits, labels)
        good = (chosen_scores(self, scores, chosen) <= self.threshold).float()
        return ObjectiveOutput((good * losses).mean(), {"bad_tokens": 1 - good.mean(), "cross_entropy": losses.mean()})
