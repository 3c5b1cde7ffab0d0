"""Selective loss: bad tokens are read, and not learned to be written."""

from torch import Tensor

from lmstudy.preferences.objectives.base import GoodOrBad, ObjectiveOutput, known_scores, mean_over, token_losses


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
        good = (known_scores(self, scores) <= self.threshold).float()
        scalars = {"bad_tokens": mean_over(1 - good, chosen), "cross_entropy": mean_over(losses, chosen)}
        return ObjectiveOutput(mean_over(good * losses, chosen), scalars)
