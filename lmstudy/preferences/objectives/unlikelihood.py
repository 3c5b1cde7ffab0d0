"""Unlikelihood: good tokens are made probable, bad ones improbable (Welleck et al. 2020)."""

import torch
from torch import Tensor

from lmstudy.preferences.objectives.base import GoodOrBad, ObjectiveOutput, known_scores, mean_over, token_losses


class Unlikelihood(GoodOrBad):
    """L = mean of -1[s <= t] log p - alpha 1[s > t] log(1 - p), over tokens.

    Bad tokens are made improbable where they stand; with alpha = 0 they count for nothing, as in `Selective`.

    Args:
        alpha: weight of the bad tokens.
        released: as the released code of Korbak et al. (2023) does with t = 0, which it takes for "no threshold":
            the score itself weighs the two parts, -(1 - s) log p - alpha s log(1 - p).
        onset, cooldown: shares of the steps that are maximum likelihood, first and last.
    """

    name = "unlikelihood"

    def __init__(self, alpha: float = 1.0, released: bool = False, onset: float = 0.0, cooldown: float = 0.0) -> None:
        super().__init__(onset, cooldown)
        self.alpha, self.released = alpha, released

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        losses, chosen = token_losses(logits, labels)
        found = known_scores(self, scores)
        bad = found if self.released and not self.threshold else (found > self.threshold).float()
        # log(1 - p) from -log p = l is log(1 - exp(-l)); p = 1 would be infinitely bad
        unlikely = -torch.log(-torch.expm1(-losses.clamp(min=1e-6)))
        loss = mean_over((1 - bad) * losses + self.alpha * bad * unlikely, chosen)
        return ObjectiveOutput(loss, {"bad_tokens": mean_over(bad, chosen), "cross_entropy": mean_over(losses, chosen)})
