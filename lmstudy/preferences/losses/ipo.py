"""Identity preference optimisation (Azar et al. 2023): pairs are to lie a fixed distance apart, and no further."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lmstudy.preferences.losses.base import PairLikelihoods, PreferenceLoss


@dataclass(frozen=True)
class IPO(PreferenceLoss):
    """L = mean (h - 1 / (2 beta))^2 with h = log pi(y_w)/ref(y_w) - log pi(y_l)/ref(y_l) (Azar et al. 2023, eq. 17).

    DPO's loss falls for ever as h grows, so that pairs on which everyone agrees pull the model away from its reference
    without end. Here h has an aim, and beyond it the gradient turns round. Log-probabilities are those of whole texts.

    Args:
        beta: the paper's tau. The aim is 1 / (2 beta) nats: the larger, the closer to the reference.
    """

    name: ClassVar[str] = "ipo"

    def __call__(self, pairs: PairLikelihoods) -> Tensor:
        moved_P2 = pairs.moved
        return (moved_P2[:, 0] - moved_P2[:, 1] - 1 / (2 * self.beta)).square().mean()
