"""Direct preference optimisation (Rafailov et al. 2023)."""

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from lmstudy.preferences.losses.base import PairLikelihoods, PreferenceLoss


def dpo_margins(policy_P2: Tensor, reference_P2: Tensor, beta: float) -> Tensor:
    """How much further from the reference the chosen text went than the rejected one, as implicit rewards [P].

    beta [(log pi(y_w) - log ref(y_w)) - (log pi(y_l) - log ref(y_l))], column 0 chosen (w), 1 rejected (l).
    """
    moved = policy_P2 - reference_P2
    return beta * (moved[:, 0] - moved[:, 1])


def dpo_loss(policy_P2: Tensor, reference_P2: Tensor, beta: float) -> Tensor:
    """L = -mean log sigmoid(margin) over P pairs: log 2 where pi = ref (Rafailov et al. 2023, eq. 7).

    Args:
        policy_P2: log-probabilities of whole texts under the model that learns; column 0 chosen, 1 rejected.
        reference_P2: the same under the model it started as.
        beta: how much leaving the reference costs; the smaller, the further the model goes.
    """
    return -F.logsigmoid(dpo_margins(policy_P2, reference_P2, beta)).mean()


@dataclass(frozen=True)
class DPO(PreferenceLoss):
    """`dpo_loss`; `beta`: how much leaving the reference costs."""

    name: ClassVar[str] = "dpo"

    def __call__(self, pairs: PairLikelihoods) -> Tensor:
        return dpo_loss(pairs.policy, pairs.reference, self.beta)
