"""Selective loss: bad tokens are read, and not learned to be written."""

from torch import Tensor

from lmstudy.preferences.objectives.base import GoodOrBad, ObjectiveOutput, chosen_scores, token_losses


class Selective(GoodOrBad):
    """L = mean of -1[s <= t] log p, over tokens: the masked loss of SLUNG (Wang et al. 2025, arXiv 2505.03052).

    Bad tokens still stand in what the model reads, so it knows them as context. The mean is over all tokens, bad ones
    included, so that a batch with few good ones takes a small step.

    Args:
        onset, cooldown: shares of the steps that are maximum likelihood, first and last.
    """

    name = "selective"

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        losses, chosen = token_losses(logits, labels)
        good = (chosen_scores(self, scores, chosen) <= self.threshold).float()
        return ObjectiveOutput((good * losses).mean(), {"bad_tokens": 1 - good.mean(), "cross_entropy": losses.mean()})
