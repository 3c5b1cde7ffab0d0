"""Odds ratio preference optimisation (Hong et al. 2024): learn the chosen texts, and keep their odds above the others'.

It needs no reference; its probabilities of one are used for what is logged alone.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lmstudy.preferences.losses.base import PairLikelihoods, PreferenceLoss

CERTAIN = -1e-6
"""Log-probability above which a text counts as certain: its odds would be infinite."""


@dataclass(frozen=True)
class ORPO(PreferenceLoss):
    """L = mean [-log p(y_w) - beta log sigmoid(log odds(y_w) / odds(y_l))] (Hong et al. 2024, eqs. 6 and 7).

    p(y) is the geometric mean of the probabilities of y's tokens, so that long texts are not at a disadvantage, and
    odds(y) = p / (1 - p).

    Args:
        beta: the paper's lambda, the weight of the odds ratio beside maximum likelihood.
    """

    name: ClassVar[str] = "orpo"

    def __call__(self, pairs: PairLikelihoods) -> Tensor:
        mean_P2 = (pairs.policy / pairs.tokens).clamp(max=CERTAIN)
        odds_P2 = mean_P2 - torch.log(-torch.expm1(mean_P2))
        return (-mean_P2[:, 0] - self.beta * F.logsigmoid(odds_P2[:, 0] - odds_P2[:, 1])).mean()
