"""Kahneman-Tversky optimisation (Ethayarajh et al. 2024): each text is good or bad by itself, gains and losses wane."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lmstudy.errors import StudyError
from lmstudy.preferences.losses.base import PairLikelihoods, PreferenceLoss


@dataclass(frozen=True)
class KTO(PreferenceLoss):
    """L = mean (lambda_y - v) over the 2 P texts, v their value to people (Ethayarajh et al. 2024, section 4).

        v = lambda_D sigmoid(beta (r - z))   of a chosen text, lambda_D = `desirable`
        v = lambda_U sigmoid(beta (z - r))   of a rejected text, lambda_U = `undesirable`

    r = log pi(y | x) / ref(y | x), and z = max(0, `drift`), how far the model is from its reference on average: people
    weigh what they get against what they are used to. No gradient goes through z. The two texts of a pair are never
    compared with each other.

    Args:
        beta: how quickly values wane; the larger, the closer to the reference.
        desirable: weight of chosen texts, above 0.
        undesirable: weight of rejected texts, above 0.

    Raises:
        StudyError: a weight is not above 0.
    """

    desirable: float = 1.0
    undesirable: float = 1.0

    name: ClassVar[str] = "kto"
    drifts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for key in ("desirable", "undesirable"):
            if not getattr(self, key) > 0:
                raise StudyError(f"loss.{key}={getattr(self, key)} must be above 0")

    def __call__(self, pairs: PairLikelihoods) -> Tensor:
        ahead_P2 = self.beta * (pairs.moved - pairs.drift.clamp(min=0))
        chosen_P, rejected_P = ahead_P2.unbind(1)
        lost = [self.desirable * torch.sigmoid(-chosen_P), self.undesirable * torch.sigmoid(rejected_P)]  # 1 - sigmoid
        return torch.stack(lost).mean()
