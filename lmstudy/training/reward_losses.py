"""What a reward model learns from: every single rating of a text, as counts over the levels that people could give.

A text's ratings are a row of counts: how many people gave it each level of the scale. Labels are ratings, too, on a
scale of two levels.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class RewardLoss(Protocol):
    """How rewards [B] meet the counts [B, L] of ratings at levels [L]; returns the mean loss of the batch."""

    name: ClassVar[str]

    def __call__(self, rewards_B: Tensor, counts_BL: Tensor, levels_L: Tensor) -> Tensor: ...


def chance_above(counts_BL: Tensor) -> Tensor:
    """[B, B]: how often a rating of text i, drawn at random, lies above one of text j.

    1 - (i, j) - (j, i) are ties. 0 where i is j: a text is not compared with itself.
    """
    shares_BL = counts_BL / counts_BL.sum(1, keepdim=True)
    below_BL = shares_BL.cumsum(1) - shares_BL
    return (shares_BL @ below_BL.T).fill_diagonal_(0)


@dataclass(frozen=True)
class BradleyTerry:
    """L = -log sigmoid(r_i - r_j), where a rating of text i lies above one of text j (Bradley & Terry 1952).

    The mean is over all pairs of texts in the batch and all pairs of their single ratings, ties left out: what
    drawing such pairs gives on average, without the noise of drawing. Every text is read once for all its pairs.
    """

    name: ClassVar[str] = "bradley_terry"

    def __call__(self, rewards_B: Tensor, counts_BL: Tensor, levels_L: Tensor) -> Tensor:
        above_BB = chance_above(counts_BL)
        losses_BB = F.softplus(rewards_B[None, :] - rewards_B[:, None])
        return (above_BB * losses_BB).sum() / above_BB.sum().clamp(min=torch.finfo(above_BB.dtype).tiny)


@dataclass(frozen=True)
class Regression:
    """L = (r_i - mean rating of text i)^2: the scale is that of the ratings, who gave which no longer matters."""

    name: ClassVar[str] = "regression"

    def __call__(self, rewards_B: Tensor, counts_BL: Tensor, levels_L: Tensor) -> Tensor:
        means_B = counts_BL @ levels_L / counts_BL.sum(1)
        return F.mse_loss(rewards_B, means_B)


@dataclass(frozen=True)
class Logistic:
    """Binary cross-entropy of sigmoid(r_i) against the share of ratings at the upper of two levels."""

    name: ClassVar[str] = "logistic"

    def __call__(self, rewards_B: Tensor, counts_BL: Tensor, levels_L: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(rewards_B, counts_BL[:, 1] / counts_BL.sum(1))
