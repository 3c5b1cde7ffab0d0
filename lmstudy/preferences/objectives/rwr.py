"""Reward-weighted regression: tokens count by how good their segment is (Peters & Schaal 2007)."""

import numpy as np
import torch
from torch import Tensor

from lmstudy.data.views import View
from lmstudy.preferences.objectives.base import (
    Objective,
    ObjectiveOutput,
    check_both_kinds,
    check_positive,
    check_share,
    known_scores,
    mean_over,
    token_losses,
)
from lmstudy.preferences.scored import ScoredDocuments

SIMILAR = 0.15
"""Weights of good and bad tokens that differ less than this make the objective maximum likelihood in effect."""


class RWR(Objective):
    """L = mean of w log(1/p), w = min(exp(R / beta), clip), over tokens; R = -s, normalised over training segments.

    Tokens of better segments count for more, by a factor of e for each `beta` that their reward is higher.

    Args:
        beta: temperature, in standard deviations of the reward; infinity is maximum likelihood.
        clip: largest weight, above 0.
        normalise: rewards get mean 0 and standard deviation 1. Without, R = -s, and beta = 10 with scores in [0, 1]
            has hardly any effect: so the released code of Korbak et al. (2023) runs.
        onset, cooldown: shares of the steps that are maximum likelihood, first and last.
    """

    name = "rwr"

    def __init__(
        self,
        beta: float = 1.0,
        clip: float = 20.0,
        normalise: bool = True,
        onset: float = 0.0,
        cooldown: float = 0.0,
    ) -> None:
        self.beta, self.clip, self.normalise = check_positive("beta", beta), check_positive("clip", clip), normalise
        self.onset, self.cooldown = check_share("onset", onset), check_share("cooldown", cooldown)
        self.mean, self.deviation = 0.0, 1.0

    def view(self, scored: ScoredDocuments, seed: int) -> View:
        """All documents that have scores; notes where the weights tell good from bad too little to matter."""
        check_both_kinds(scored)
        known = scored.scores[~np.isnan(scored.scores)].astype(np.float64)
        if self.normalise:
            self.mean, self.deviation = float(known.mean()), float(known.std())
        weights = self.weights(torch.from_numpy(known), torch.zeros(()))
        good = torch.from_numpy(known <= scored.threshold)
        ratio = float(weights[good].mean() / weights[~good].mean())
        notes: tuple[str, ...] = ()
        if ratio < 1 + SIMILAR:
            notes = (f"{self.name}: good segments weigh {ratio:.2f} times bad ones: in effect maximum likelihood",)
        return super().view(scored, seed)._replace(notes=notes)

    def reward(self, scores: Tensor) -> Tensor:
        """R of scores of any shape."""
        return (self.mean - scores) / self.deviation

    def weights(self, scores: Tensor, values: Tensor) -> Tensor:
        """w of each score, from its reward minus a value: two tensors of one shape, or a value [], to that shape."""
        return ((self.reward(scores) - values) / self.beta).exp().clamp(max=self.clip)

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None, *values: Tensor) -> ObjectiveOutput:
        losses, chosen = token_losses(logits, labels)
        weights = self.weights(known_scores(self, scores), torch.zeros((), device=losses.device))
        scalars = {"weight": mean_over(weights, chosen), "cross_entropy": mean_over(losses, chosen)}
        return ObjectiveOutput(mean_over(weights * losses, chosen), scalars)
